// The whole of what a server holds, as a client can see it: every node with its data, ACL and stat, the last zxid, and the digest of the tree
// worked out here, from what was seen, so that it can be held against what the servers write into their files.
import { crc32 } from 'node:zlib'
import type { ACL, Stat } from '../../src/jute/generated/data.ts'
import { GetACLRequest, GetChildren2Request, GetDataRequest } from '../../src/jute/generated/proto.ts'
import type { GetACLResponse, GetChildren2Response, GetDataResponse } from '../../src/jute/generated/proto.ts'
import { OpCode } from '../../src/protocol/codes.ts'
import { fourLetterWord } from '../peers/server-process.ts'
import type { Reply } from '../wire/messages.ts'
import { asked } from '../wire/raw-session.ts'
import type { RawSession } from '../wire/raw-session.ts'

export interface ObservedNode {
  readonly path: string
  /** Hexadecimal; null is not empty. */
  readonly data: string | null
  readonly acl: readonly string[]
  readonly stat: Stat
}

export interface Observation {
  readonly lastZxid: bigint
  readonly digest: bigint
  /** By path. */
  readonly nodes: readonly ObservedNode[]
}

/** The ephemeralOwner of a node that no session owns: clients are told 0 for containers and TTL nodes. */
export type HiddenOwner = (path: string) => bigint

/**
 * Reads everything through a session that may read everything. Nothing else may be going on in the server. The digest is right if `hiddenOwner`
 * is.
 */
export async function observe(port: number, session: RawSession, hiddenOwner: HiddenOwner = () => 0n): Promise<Observation> {
  const nodes = await readTree(session)
  const srvr = await fourLetterWord(port, 'srvr')
  const lastZxid = BigInt(/^Zxid: (0x[0-9a-f]+)$/m.exec(srvr)![1])
  return { lastZxid, digest: treeDigest(nodes, hiddenOwner), nodes }
}

export function nodeAt(observation: Observation, path: string): ObservedNode | undefined {
  return observation.nodes.find((node) => node.path === path)
}

async function readTree(session: RawSession): Promise<ObservedNode[]> {
  const nodes: ObservedNode[] = []
  let level = ['/']
  while (level.length > 0) {
    const replies = await session.askAll(
      level.flatMap((path) => [
        asked(OpCode.getData, GetDataRequest, { path, watch: false }),
        asked(OpCode.getACL, GetACLRequest, { path }),
        asked(OpCode.getChildren2, GetChildren2Request, { path, watch: false }),
      ]),
    )
    const next: string[] = []
    level.forEach((path, index) => {
      const [data, acl, children] = replies.slice(index * 3, index * 3 + 3)
      const { data: bytes, stat } = record<GetDataResponse>(data)
      const names = record<GetChildren2Response>(children).children!
      nodes.push({ path, data: bytes === null ? null : Buffer.from(bytes).toString('hex'), acl: entries(record<GetACLResponse>(acl).acl!), stat })
      next.push(...names.map((name) => (path === '/' ? `/${name}` : `${path}/${name}`)))
    })
    level = next
  }
  return nodes.sort((a, b) => (a.path < b.path ? -1 : 1))
}

function record<T>(reply: Reply): T {
  if (reply.header.err !== 0 || reply.body.kind !== 'record') throw new Error(`the answer is ${reply.header.err}, not a record`)
  return reply.body.record as T
}

function entries(acl: readonly ACL[]): string[] {
  return acl.map(({ perms, id }) => `${perms} ${id.scheme}:${id.id}`)
}

/** As DigestCalculator: the sum of what each node gives, those below /zookeeper left out. */
function treeDigest(nodes: readonly ObservedNode[], hiddenOwner: HiddenOwner): bigint {
  const digests = nodes
    .filter(({ path }) => !path.startsWith('/zookeeper/'))
    .map((node) => nodeDigest(node, node.stat.ephemeralOwner || hiddenOwner(node.path)))
  return BigInt.asUintN(
    64,
    digests.reduce((sum, digest) => sum + BigInt(digest), 0n),
  )
}

function nodeDigest({ path, data, stat }: ObservedNode, ephemeralOwner: bigint): number {
  const bytes = Buffer.alloc(60)
  const longs = [stat.czxid, stat.mzxid, stat.pzxid, stat.ctime, stat.mtime]
  longs.forEach((value, index) => bytes.writeBigInt64BE(value, index * 8))
  // A client is told of creations and deletions; what is kept and hashed counts creations only.
  const creations = (stat.cversion + stat.numChildren) / 2
  const ints = [stat.version, creations, stat.aversion]
  ints.forEach((value, index) => bytes.writeInt32BE(value, 40 + index * 4))
  bytes.writeBigInt64BE(BigInt.asIntN(64, ephemeralOwner), 52)
  return crc32(bytes, crc32(Buffer.from(data ?? '', 'hex'), crc32(path === '/' ? '' : path)))
}
