/**
 * The texts of the admin words, one function each, over an AdminView (the classes of org.apache.zookeeper.server.command). Those that may be long
 * come in pieces, for they are told over many turns. Tools take them apart line by line: every blank and line end is as in ZooKeeper.
 */
import { hex } from '../../base/hex.ts'
import { FULL_VERSION } from '../../base/version.ts'
import type { AdminView, ConnectionView, DeadlinesView } from './admin-view.ts'
import { fourDecimals, javaDate, javaDouble, socketText } from './java-text.ts'
import { dumpMonitor } from './monitor.ts'

const confKeys = [
  'clientPort',
  'secureClientPort',
  'dataDir',
  'dataDirSize',
  'dataLogDir',
  'dataLogSize',
  'tickTime',
  'maxClientCnxns',
  'minSessionTimeout',
  'maxSessionTimeout',
  'clientPortListenBacklog',
  'serverId',
] as const
const quorumConfKeys = ['initLimit', 'syncLimit', 'electionAlg', 'electionPort', 'quorumPort', 'peerType'] as const

export function conf(view: AdminView): string {
  const values = view.conf()
  const own = confKeys.map((key) => `${key}=${values[key]}\n`).join('')
  const { quorum } = values
  if (quorum === undefined) return own
  const lines = `${own}${quorumConfKeys.map((key) => `${key}=${quorum[key]}\n`).join('')}`
  return quorum.membership === undefined ? lines : `${lines}membership: \n${quorum.membership}`
}

export function* cons(view: AdminView): IterableIterator<string> {
  for (const connection of view.connections()) yield `${connectionText(connection)}\n`
  yield '\n'
}

export function crst(view: AdminView): string {
  view.resetConnectionStats()
  return 'Connection stats reset.\n'
}

export function dirs(view: AdminView): string {
  const { dataDirSize, dataLogSize } = view.conf()
  return `datadir_size: ${dataDirSize}\nlogdir_size: ${dataLogSize}\n`
}

export function* dump(view: AdminView): IterableIterator<string> {
  yield 'SessionTracker dump:\n'
  yield* sessionsText(view)
  yield 'ephemeral nodes dump:\n'
  yield* ephemeralsText(view)
  yield 'Connections dump:\n'
  const connections = view.connectionDeadlines()
  if (connections === undefined) return
  yield 'Connections '
  yield* deadlinesText(connections, ({ remoteAddress, remotePort, sessionId }) => `ip: ${socketText(remoteAddress, remotePort)} sessionId: 0x${hex(sessionId)}`)
}

export function envi(view: AdminView): string {
  return `Environment:\n${Array.from(view.environment(), ([key, value]) => `${key}=${value}\n`).join('')}`
}

export function gtmk(view: AdminView): string {
  return String(view.traceMask)
}

export function hash(view: AdminView): string {
  return Array.from(view.digestLog(), ({ zxid, digest }) => `${hex(zxid)}: ${digest}\n`).join('')
}

export function isro(view: AdminView): string {
  if (!view.isServing) return 'null'
  return view.serverState === 'read-only' ? 'ro' : 'rw'
}

export function mntr(view: AdminView): string {
  const lines: string[] = []
  dumpMonitor(view, {
    text: (name, value) => lines.push(`zk_${name}\t${value}\n`),
    integer: (name, value) => lines.push(`zk_${name}\t${value}\n`),
    double: (name, value) => lines.push(`zk_${name}\t${javaDouble(value)}\n`),
  })
  return lines.join('')
}

export function ruok(): string {
  return 'imok'
}

export function srst(view: AdminView): string {
  view.resetServerStats()
  view.metrics.reset()
  return 'Server stats reset.\n'
}

export function srvr(view: AdminView): string {
  return versionText(view) + statsText(view)
}

export function* stat(view: AdminView): IterableIterator<string> {
  yield `${versionText(view)}Clients:\n`
  for (const connection of view.connections()) yield `${briefConnectionText(connection)})\n`
  yield `\n${statsText(view)}`
}

export function stmk(view: AdminView, mask: bigint): string {
  view.setTraceMask(mask)
  return String(mask)
}

export function* wchc(view: AdminView): IterableIterator<string> {
  for (const [session, paths] of view.watchesBySession()) {
    yield `0x${hex(session)}\n`
    for (const path of paths) yield `\t${path}\n`
  }
  yield '\n'
}

export function* wchp(view: AdminView): IterableIterator<string> {
  for (const [path, sessions] of view.watchesByPath()) {
    yield `${path}\n`
    for (const session of sessions) yield `\t0x${hex(session)}\n`
  }
  yield '\n'
}

export function wchs(view: AdminView): string {
  const { connections, paths, watches } = view.watchSummary()
  return `${connections} connections watching ${paths} paths\nTotal watches:${watches}\n`
}

function versionText(view: AdminView): string {
  const readOnly = view.serverState === 'read-only' ? 'READ-ONLY mode; serving only read-only clients\n' : ''
  return `Zookeeper version: ${FULL_VERSION}\n${readOnly}`
}

function statsText(view: AdminView): string {
  const stats = view.stats()
  const sizes = view.proposalSizes()
  return [
    `Latency min/avg/max: ${stats.minLatency}/${javaDouble(fourDecimals(stats.averageLatency))}/${stats.maxLatency}`,
    `Received: ${stats.packetsReceived}`,
    `Sent: ${stats.packetsSent}`,
    `Connections: ${stats.aliveConnections}`,
    `Outstanding: ${stats.outstandingRequests}`,
    `Zxid: 0x${hex(view.lastProcessedZxid)}`,
    `Mode: ${view.serverState}`,
    `Node count: ${stats.nodeCount}`,
    ...(sizes === undefined ? [] : [`Proposal sizes last/min/max: ${sizes.last}/${sizes.min}/${sizes.max}`]),
    '',
  ].join('\n')
}

/** Without the closing bracket. */
function briefConnectionText(connection: ConnectionView): string {
  const { remoteAddress, remotePort, interestOps, outstandingRequests, packetsReceived, packetsSent } = connection
  const counts = `queued=${outstandingRequests},recved=${packetsReceived},sent=${packetsSent}`
  return ` ${socketText(remoteAddress, remotePort)}[${interestOps.toString(16)}](${counts}`
}

function connectionText(connection: ConnectionView): string {
  const brief = briefConnectionText(connection)
  if (connection.sessionId === 0n) return `${brief})`
  const { lastCxid, lastZxid, lastResponseTime, lastLatency, minLatency, averageLatency, maxLatency } = connection
  const session = `,sid=0x${hex(connection.sessionId)},lop=${connection.lastOperation},est=${connection.established}`
  const cxid = lastCxid < 0 ? '' : `,lcxid=0x${lastCxid.toString(16)}`
  const latencies = `,llat=${lastLatency},minlat=${minLatency},avglat=${averageLatency},maxlat=${maxLatency}`
  return `${brief}${session},to=${connection.sessionTimeoutMs}${cxid},lzxid=0x${hex(lastZxid)},lresp=${lastResponseTime}${latencies})`
}

function* sessionsText(view: AdminView): IterableIterator<string> {
  const sessions = view.sessions()
  const idText = (id: bigint): string => `0x${hex(id)}`
  const deadlines = sessions.kind === 'tracker' ? sessions.deadlines : sessions.local
  if (deadlines !== undefined) {
    yield sessions.kind === 'tracker' ? 'Session ' : 'Local Session '
    yield* deadlinesText(deadlines, idText)
  }
  if (sessions.kind === 'tracker') return
  yield `Global Sessions(${sessions.global.size}):\n`
  for (const [id, timeoutMs] of sessions.global) yield `0x${hex(id)}\t${timeoutMs}ms\n`
}

function* deadlinesText<T>({ buckets, tracked }: DeadlinesView<T>, itemText: (item: T) => string): IterableIterator<string> {
  yield `Sets (${buckets.length})/(${tracked}):\n`
  for (const { expiresAt, items } of buckets) {
    yield `${items.length} expire at ${javaDate(expiresAt)}:\n`
    for (const item of items) yield `\t${itemText(item)}\n`
  }
}

function* ephemeralsText(view: AdminView): IterableIterator<string> {
  const { sessions, paths } = view.ephemerals()
  yield `Sessions with Ephemerals (${sessions}):\n`
  for (const [session, each] of paths) {
    yield `0x${hex(session)}:\n`
    for (const path of each) yield `\t${path}\n`
  }
}
