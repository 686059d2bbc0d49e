/**
 * The texts of the admin words, one function each, over an AdminView (the classes of org.apache.zookeeper.server.command).
 * Tools take them apart line by line: every blank and line end is as in ZooKeeper.
 */
import { hex } from '../hex.ts'
import { fullVersion } from '../version.ts'
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
  const own = confKeys.map(key => `${key}=${values[key]}\n`).join('')
  const { quorum } = values
  if (quorum === undefined) return own
  return `${own}${quorumConfKeys.map(key => `${key}=${quorum[key]}\n`).join('')}membership: \n${quorum.membership}`
}

export function cons(view: AdminView): string {
  return `${Array.from(view.connections(), connection => `${connectionText(connection)}\n`).join('')}\n`
}

export function crst(view: AdminView): string {
  view.resetConnectionStats()
  return 'Connection stats reset.\n'
}

export function dirs(view: AdminView): string {
  const { dataDirSize, dataLogSize } = view.conf()
  return `datadir_size: ${dataDirSize}\nlogdir_size: ${dataLogSize}\n`
}

export function dump(view: AdminView): string {
  const connections = view.connectionDeadlines()
  const deadlines =
    connections === undefined
      ? ''
      : `Connections ${deadlinesText(
          connections,
          ({ remoteAddress, remotePort, sessionId }) => `ip: ${socketText(remoteAddress, remotePort)} sessionId: 0x${hex(sessionId)}`,
        )}`
  return `SessionTracker dump:\n${sessionsText(view)}ephemeral nodes dump:\n${ephemeralsText(view)}Connections dump:\n${deadlines}`
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

export function stat(view: AdminView): string {
  const clients = Array.from(view.connections(), connection => `${briefConnectionText(connection)})\n`)
  return `${versionText(view)}Clients:\n${clients.join('')}\n${statsText(view)}`
}

export function stmk(view: AdminView, mask: bigint): string {
  view.setTraceMask(mask)
  return String(mask)
}

export function wchc(view: AdminView): string {
  const entries = Array.from(view.watchesBySession(), ([session, paths]) => `0x${hex(session)}\n${tabbed(paths)}`)
  return `${entries.join('')}\n`
}

export function wchp(view: AdminView): string {
  const entries = Array.from(view.watchesByPath(), ([path, sessions]) => `${path}\n${tabbed(Array.from(sessions, id => `0x${hex(id)}`))}`)
  return `${entries.join('')}\n`
}

export function wchs(view: AdminView): string {
  const { connections, paths, watches } = view.watchSummary()
  return `${connections} connections watching ${paths} paths\nTotal watches:${watches}\n`
}

function versionText(view: AdminView): string {
  const readOnly = view.serverState === 'read-only' ? 'READ-ONLY mode; serving only read-only clients\n' : ''
  return `Zookeeper version: ${fullVersion}\n${readOnly}`
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

function sessionsText(view: AdminView): string {
  const sessions = view.sessions()
  const sets = (deadlines: DeadlinesView<bigint>): string => `Session ${deadlinesText(deadlines, id => `0x${hex(id)}`)}`
  if (sessions.kind === 'tracker') return sets(sessions.deadlines)
  const local = sessions.local === undefined ? '' : `Local ${sets(sessions.local)}`
  const global = Array.from(sessions.global, ([id, timeoutMs]) => `0x${hex(id)}\t${timeoutMs}ms\n`)
  return `${local}Global Sessions(${sessions.global.size}):\n${global.join('')}`
}

function deadlinesText<T>(deadlines: DeadlinesView<T>, itemText: (item: T) => string): string {
  const buckets = deadlines.buckets.map(({ expiresAt, items }) => {
    const lines = Array.from(items, itemText)
    return `${lines.length} expire at ${javaDate(expiresAt)}:\n${tabbed(lines)}`
  })
  return `Sets (${deadlines.buckets.length})/(${deadlines.tracked}):\n${buckets.join('')}`
}

function ephemeralsText(view: AdminView): string {
  const { sessions, paths } = view.ephemerals()
  const entries = Array.from(paths, ([session, each]) => `0x${hex(session)}:\n${tabbed(each)}`)
  return `Sessions with Ephemerals (${sessions}):\n${entries.join('')}`
}

function tabbed(lines: Iterable<string>): string {
  return Array.from(lines, line => `\t${line}\n`).join('')
}
