/** Settings of the client ports, of connections and of sessions. */
import { decodeInt32, isTrue } from './java-values.ts'
import {
  atLeast,
  bareProperty,
  booleanProperty,
  derived,
  intProperty,
  numeric,
  ownLimit,
  property,
  textProperty,
  typedBoolean,
  typedHost,
  typedInt,
} from './key-table.ts'
import type { KeyTable } from './key-table.ts'

export interface ClientPortSettings {
  /** Milliseconds of a tick, the unit of session and quorum times. `tickTime` */
  readonly tickTime: number
  /** Port for plain connections, 0 = any free one; undefined = none is opened. `clientPort` */
  readonly clientPort: number | undefined
  /** Host or address the client port listens on; undefined = any. `clientPortAddress` */
  readonly clientPortAddress: string | undefined
  /** Port for TLS connections; undefined = none. `secureClientPort` */
  readonly secureClientPort: number | undefined
  /** Host or address of the TLS port; undefined = any. `secureClientPortAddress` */
  readonly secureClientPortAddress: string | undefined
  /** Connections the system may hold before they are accepted; -1 = the system's default. `clientPortListenBacklog` */
  readonly clientPortListenBacklog: number
  /** Connections allowed from one address; 0 = any number. `maxClientCnxns` */
  readonly maxClientCnxns: number
  /** Connections allowed in all; 0 = any number. `maxCnxns` */
  readonly maxCnxns: number
  /** Smallest session timeout granted, ms. `minSessionTimeout`, by default 2 ticks */
  readonly minSessionTimeout: number
  /** Largest session timeout granted, ms. `maxSessionTimeout`, by default 20 ticks */
  readonly maxSessionTimeout: number
  /** Sessions that live on one member only. `localSessionsEnabled` */
  readonly localSessionsEnabled: boolean
  /** Makes a local session global when it creates an ephemeral node. `localSessionsUpgradingEnabled` */
  readonly localSessionsUpgradingEnabled: boolean
  /** A connection that has sent no session request for so long is closed, ms. `nio.sessionlessCnxnTimeout` */
  readonly sessionlessCnxnTimeoutMs: number
  /** SO_KEEPALIVE on client connections. `clientTcpKeepAlive` */
  readonly clientTcpKeepAlive: boolean
  /** Largest frame from a client and largest znode data, bytes. `-Djute.maxbuffer` */
  readonly juteMaxBuffer: number
  /** Slack above `juteMaxBuffer` for records of files and between servers, bytes, at least 1024. `jute.maxbuffer.extrasize` */
  readonly juteMaxBufferExtraSize: number
  /** Class name; only the names of Apache's two factories mean anything. `serverCnxnFactory` */
  readonly serverCnxnFactory: string | undefined
  /** TLS is accepted on the plain client port too. `client.portUnification` */
  readonly clientPortUnification: boolean
  /** Key and trust store are read again when the files change. `client.certReload` */
  readonly clientCertReload: boolean
  /** TLS handshakes allowed at once; -1 = any number. `netty.server.outstandingHandshake.limit` */
  readonly outstandingHandshakeLimit: number
  /** TLS connections are dropped while the server does not serve. `netty.server.earlyDropSecureConnectionHandshakes` */
  readonly earlyDropSecureConnectionHandshakes: boolean
  /** Words answered on the client port. `4lw.commands.whitelist` */
  readonly fourLetterWords: ReadonlySet<string> | 'all'
  /** Serve reads while cut off from the ensemble. `-Dreadonlymode.enabled` */
  readonly readOnlyModeEnabled: boolean
  /** Unread answers of one connection, bytes, above which it is no longer read from. `tskeeper.outgoingPauseBytes` */
  readonly outgoingPauseBytes: number
  /** Unread answers and notifications of one connection, bytes, above which it is closed. `tskeeper.outgoingCloseBytes` */
  readonly outgoingCloseBytes: number
  /** Unread answers of all connections, bytes, above which one that has some and is to get more is closed. `tskeeper.outgoingTotalBytes` */
  readonly outgoingTotalBytes: number
  /** Estimated answers of reads of one connection that wait behind its writes, bytes, above which it is not read from. `tskeeper.waitingPauseBytes` */
  readonly waitingPauseBytes: number
  /** Answer of a multiRead, bytes, above which it is refused. `tskeeper.multiReadMaxBytes` */
  readonly multiReadMaxBytes: number
  /** Requests under way or held, bytes, above which connections that have some among them are not read from. `tskeeper.outstandingPauseBytes` */
  readonly outstandingPauseBytes: number
  /** Identities of one connection, bytes, above which another one is refused. `tskeeper.identitiesMaxBytes` */
  readonly identitiesMaxBytes: number
  /** Watches of one connection, bytes, above which it is closed. `tskeeper.watchesCloseBytes` */
  readonly watchesCloseBytes: number
  /** Requests of one connection handled before the others get their turn. `tskeeper.turnMaxRequests` */
  readonly turnMaxRequests: number
  /** Bytes of one connection handled before the others get their turn. `tskeeper.turnMaxBytes` */
  readonly turnMaxBytes: number
}

export const clientPortDefaults: ClientPortSettings = {
  tickTime: 3000,
  clientPort: undefined,
  clientPortAddress: undefined,
  secureClientPort: undefined,
  secureClientPortAddress: undefined,
  clientPortListenBacklog: -1,
  maxClientCnxns: 60,
  maxCnxns: 0,
  minSessionTimeout: -1,
  maxSessionTimeout: -1,
  localSessionsEnabled: false,
  localSessionsUpgradingEnabled: false,
  sessionlessCnxnTimeoutMs: 10_000,
  clientTcpKeepAlive: false,
  juteMaxBuffer: 0xfffff,
  juteMaxBufferExtraSize: -1,
  serverCnxnFactory: undefined,
  clientPortUnification: false,
  clientCertReload: false,
  outstandingHandshakeLimit: -1,
  earlyDropSecureConnectionHandshakes: false,
  fourLetterWords: new Set(['srvr']),
  readOnlyModeEnabled: false,
  outgoingPauseBytes: 1024 * 1024,
  outgoingCloseBytes: 64 * 1024 * 1024,
  outgoingTotalBytes: 512 * 1024 * 1024,
  waitingPauseBytes: 16 * 1024 * 1024,
  multiReadMaxBytes: 32 * 1024 * 1024,
  outstandingPauseBytes: 64 * 1024 * 1024,
  identitiesMaxBytes: 64 * 1024,
  watchesCloseBytes: 512 * 1024 * 1024,
  turnMaxRequests: 1000,
  turnMaxBytes: 1024 * 1024,
}

export const clientPortKeys: KeyTable<ClientPortSettings> = {
  tickTime: typedInt('tickTime'),
  clientPort: typedInt('clientPort'),
  clientPortAddress: typedHost('clientPortAddress'),
  secureClientPort: typedInt('secureClientPort'),
  secureClientPortAddress: typedHost('secureClientPortAddress'),
  clientPortListenBacklog: typedInt('clientPortListenBacklog'),
  maxClientCnxns: typedInt('maxClientCnxns'),
  maxCnxns: numeric(
    property('maxCnxns', (value, remarks) => {
      const number = decodeInt32(value)
      if (number === undefined || number >= 0) return number
      remarks.warnings.push('maxCnxns should be greater than or equal to 0, using default value 0.')
      return undefined
    }),
  ),
  minSessionTimeout: typedInt('minSessionTimeout'),
  maxSessionTimeout: typedInt('maxSessionTimeout'),
  localSessionsEnabled: typedBoolean('localSessionsEnabled'),
  localSessionsUpgradingEnabled: typedBoolean('localSessionsUpgradingEnabled'),
  sessionlessCnxnTimeoutMs: atLeast(1, intProperty('nio.sessionlessCnxnTimeout')),
  clientTcpKeepAlive: booleanProperty('clientTcpKeepAlive'),
  juteMaxBuffer: numeric(bareProperty('jute.maxbuffer', decodeInt32)),
  // Java reads zookeeper.jute.maxbuffer.extrasize; the bare name is the one its guide gives.
  juteMaxBufferExtraSize: intProperty('jute.maxbuffer.extrasize', ['jute.maxbuffer.extrasize']),
  serverCnxnFactory: textProperty('serverCnxnFactory'),
  clientPortUnification: booleanProperty('client.portUnification'),
  clientCertReload: booleanProperty('client.certReload'),
  outstandingHandshakeLimit: intProperty('netty.server.outstandingHandshake.limit'),
  earlyDropSecureConnectionHandshakes: booleanProperty('netty.server.earlyDropSecureConnectionHandshakes'),
  fourLetterWords: derived,
  readOnlyModeEnabled: bareProperty('readonlymode.enabled', isTrue),
  outgoingPauseBytes: ownLimit('outgoingPauseBytes'),
  outgoingCloseBytes: ownLimit('outgoingCloseBytes'),
  outgoingTotalBytes: ownLimit('outgoingTotalBytes'),
  waitingPauseBytes: ownLimit('waitingPauseBytes'),
  multiReadMaxBytes: ownLimit('multiReadMaxBytes'),
  outstandingPauseBytes: ownLimit('outstandingPauseBytes'),
  identitiesMaxBytes: ownLimit('identitiesMaxBytes'),
  watchesCloseBytes: ownLimit('watchesCloseBytes'),
  turnMaxRequests: ownLimit('turnMaxRequests'),
  turnMaxBytes: ownLimit('turnMaxBytes'),
}
