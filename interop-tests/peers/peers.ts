// The registry of the foreign programs that the interop suites talk to. A suite asks for its peer by name; what could be had, in which version
// and how long that took goes into the report of `make interop`. A peer that cannot be had skips its suite and says so; with CI=true it fails it.
import { appendFileSync } from 'node:fs'
import { bookKeeperPeer } from '../apps/bookkeeper/bookie.ts'
import { curatorPeer } from '../apps/curator/user.ts'
import { dubboPeer } from '../apps/dubbo/service.ts'
import { elasticJobPeer } from '../apps/elasticjob/instance.ts'
import { kafkaPeer } from '../apps/kafka/broker.ts'
import { cClientLibrary } from './c.ts'
import { goClient } from './go.ts'
import { oracleLibrary, referenceVersion } from './java.ts'
import { jestFolder, jestVersion } from './jest.ts'
import { nodeClientVersion } from './node.ts'
import { PeerUnavailable } from './programs.ts'
import { kazooVersion, pythonWithKazoo } from './python.ts'
import { smallDisk } from './small-disk.ts'
import { stallingDisk } from './stalling-disk.ts'
import { strace } from './strace.ts'

/** What a peer's preparation gives to its suite: a directory, a program or, for Node.js, the version. */
export interface Peer {
  readonly name: string
  readonly version: string
  readonly place: string
}

interface Preparation {
  /** Read when the preparation is over. */
  readonly version: string
  /** Fetches what is missing. Throws PeerUnavailable when that is not possible here. */
  prepare(): Promise<string>
}

/** Every peer by name; `java-<version>` is any other ZooKeeper release. */
const registry: Record<string, Preparation> = {
  java: { version: referenceVersion, prepare: () => oracleLibrary() },
  Jest: { version: jestVersion, prepare: jestFolder },
  kazoo: { version: kazooVersion, prepare: pythonWithKazoo },
  'node-zookeeper-client': { version: nodeClientVersion, prepare: () => Promise.resolve(nodeClientVersion) },
  'go-zookeeper': goClient,
  'C client': cClientLibrary,
  strace,
  'small disk': smallDisk,
  'stalling disk': stallingDisk,
  Kafka: kafkaPeer,
  Dubbo: dubboPeer,
  Curator: curatorPeer,
  BookKeeper: bookKeeperPeer,
  ElasticJob: elasticJobPeer,
}

/** Gets a peer ready. `undefined` means that it cannot be had on this machine: the suite skips itself. */
export async function needPeer(name: string): Promise<Peer | undefined> {
  const oldRelease = /^java-(.+)$/.exec(name)?.[1]
  const preparation = oldRelease === undefined ? registry[name] : { version: oldRelease, prepare: () => oracleLibrary(oldRelease) }
  if (preparation === undefined) throw new Error(`no peer is called ${name}`)
  const begin = performance.now()
  const seconds = (): number => (performance.now() - begin) / 1000
  try {
    const place = await preparation.prepare()
    record({ peer: name, version: preparation.version, available: true, seconds: seconds() })
    return { name, version: preparation.version, place }
  } catch (error) {
    if (!(error instanceof PeerUnavailable)) throw error
    record({ peer: name, version: preparation.version, available: false, seconds: seconds(), reason: error.message })
    if (process.env['CI'] === 'true') throw error
    process.stderr.write(`\nSKIPPED: the suites with ${name} ${preparation.version}: ${error.message}\n`)
    return undefined
  }
}

/** One line of the report that scripts/interop.mjs reads; it names the file in TSK_PEERS_REPORT. */
interface PeerRecord {
  readonly peer: string
  readonly version: string
  readonly available: boolean
  readonly seconds: number
  readonly reason?: string
}

function record(line: PeerRecord): void {
  const file = process.env['TSK_PEERS_REPORT']
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(line)}\n`)
}
