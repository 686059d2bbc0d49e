// The end of a run: one more connection walks the whole tree, so that what no request happened to look at is compared as well,
// and the servers' own counts show what no client sees.
import { AuthPacket, GetACLRequest, GetChildren2Request, GetDataRequest } from '../../src/jute/generated/proto.ts'
import { OpCode } from '../../src/protocol/codes.ts'
import { encode, request, requestWithBytes } from '../wire/messages.ts'
import { MAX_SESSION_TIMEOUT_MS } from './configurations.ts'
import type { Configuration } from './configurations.ts'
import { decodeRequest } from './requests.ts'
import type { Outcome } from './side.ts'
import { SLOTS } from './steps.ts'
import type { Step } from './steps.ts'

const NODES_AT_ONCE = 40

/** Walks the tree by steps that `take` carries out; it gives undefined when the servers have parted. */
export async function walkTree(configuration: Configuration, lastZxidSeen: bigint, take: (step: Step) => Promise<Outcome | undefined>): Promise<void> {
  const slot = SLOTS
  const timeOut = MAX_SESSION_TIMEOUT_MS
  const connect = { kind: 'connect', form: 'new', protocolVersion: 0, session: 'new', password: 'own', readOnly: false, behind: [] } as const
  if ((await take({ ...connect, slot, lastZxidSeen, timeOut })) === undefined) return
  if (configuration.superAuth !== undefined) {
    const body = encode(AuthPacket, { type: 0, scheme: 'digest', auth: Buffer.from(configuration.superAuth) })
    if ((await take({ kind: 'alone', slot, payload: requestWithBytes(-4, OpCode.auth, body) })) === undefined) return
  }
  const paths = ['/']
  while (paths.length > 0) {
    const payloads = paths.splice(0, NODES_AT_ONCE).flatMap((path) => look(path))
    const outcome = await take({ kind: 'requests', slot, payloads, splits: [] })
    if (outcome === undefined) return
    paths.push(...outcome.exchanges.flatMap(({ payload, reply }) => childrenOf(payload, reply?.body)))
  }
  await take({ kind: 'counters', slot })
}

function look(path: string): Uint8Array[] {
  return [
    request(1, OpCode.getData, GetDataRequest, { path, watch: false }),
    request(2, OpCode.getACL, GetACLRequest, { path }),
    request(3, OpCode.getChildren2, GetChildren2Request, { path, watch: false }),
  ]
}

function childrenOf(payload: Uint8Array, body: unknown): string[] {
  const asked = decodeRequest(payload)!
  if (asked.type !== OpCode.getChildren2) return []
  const children = (body as { record?: { children?: string[] } }).record?.children ?? []
  const parent = asked.body!.path!
  return children.map((name) => (parent === '/' ? `/${name}` : `${parent}/${name}`)).sort()
}
