/**
 * The membership lines `server.N`, `group.N` and `weight.N`, as QuorumServer, QuorumMaj and QuorumHierarchical read
 * them, with their complaints word for word (two of them lack a blank).
 */
import { ConfigRefused } from './config-refused.ts'
import { complaining } from './hints.ts'
import { IllegalValue, parseInt64, plainInt32, splitLikeJava } from './java-values.ts'

export type LearnerType = 'participant' | 'observer'

export interface ServerAddress {
  readonly host: string
  readonly quorumPort: number
  readonly electionPort: number
}

export interface ServerLine {
  readonly sid: number
  /** One, or several separated by `|`. */
  readonly addresses: readonly ServerAddress[]
  readonly learnerType: LearnerType
  readonly clientAddress: { readonly host: string; readonly port: number } | undefined
}

export interface Membership {
  readonly servers: readonly ServerLine[]
  readonly groups: ReadonlyMap<number, readonly number[]>
  readonly weights: ReadonlyMap<number, number>
}

const WRONG_FORM =
  ' does not have the form server_config or server_config;client_config where server_config is the pipe separated list of ' +
  'host:port:port or host:port:port:type and client_config is port or host:port'

export function isMembershipKey(key: string): boolean {
  return key.startsWith('server.') || key.startsWith('group') || key.startsWith('weight')
}

/** `warn` is told of lines that are there twice, of which the last counts. Throws ConfigRefused or IllegalValue. */
export function readMembership(lines: ReadonlyMap<string, string>, multiAddressEnabled: boolean, warn: (line: string) => void = () => {}): Membership {
  const bySid = new Map<number, ServerLine>()
  const groups = new Map<number, number[]>()
  const weights = new Map<number, number>()
  let hierarchical = false
  for (const key of lines.keys()) hierarchical ||= key.startsWith('group') || key.startsWith('weight')
  for (const [key, value] of lines) {
    complaining({ key, value, must: formOf(key) }, () => {
      if (key.startsWith('server.')) {
        const line = readServer(numberOf(key), value, multiAddressEnabled)
        if (bySid.has(line.sid)) warn(`server ${line.sid} has two lines; ${key}=${value} counts`)
        bySid.set(line.sid, line)
      } else if (key.startsWith('group')) groups.set(numberOf(key), splitLikeJava(value, ':').map(parseInt64))
      else if (key.startsWith('weight')) weights.set(numberOf(key), parseInt64(value))
    })
  }
  const servers = [...bySid.values()]
  servers.sort((a, b) => a.sid - b.sid)
  if (hierarchical) checkGroups(servers, groups)
  return { servers, groups, weights }
}

export function voters(servers: readonly ServerLine[]): number {
  return servers.filter((server) => server.learnerType === 'participant').length
}

function formOf(key: string): string {
  if (key.startsWith('server.')) return 'be server.<number>=<host>:<quorum port>:<election port>[:<role>][;[<host>:]<client port>]'
  return key.startsWith('group') ? 'be group.<number>=<server>:<server>…' : 'be weight.<server>=<number>'
}

/** What follows the first dot; of a key without a dot the whole. Java takes larger numbers, which nobody has. */
function numberOf(key: string): number {
  const number = parseInt64(key.slice(key.indexOf('.') + 1))
  if (!Number.isSafeInteger(number)) throw new IllegalValue(`${key}: a number of more than 53 bits is not supported by TSKeeper`)
  return number
}

function checkGroups(servers: readonly ServerLine[], groups: ReadonlyMap<number, readonly number[]>): void {
  const grouped = new Set<number>()
  for (const sid of [...groups.values()].flat()) {
    if (grouped.has(sid)) throw new ConfigRefused('config', `Server ${sid}is in multiple groups`)
    grouped.add(sid)
  }
  for (const server of servers) {
    if (server.learnerType === 'participant' && !grouped.has(server.sid)) {
      throw new ConfigRefused('config', `Server ${server.sid}is not in a group`)
    }
  }
}

function readServer(sid: number, text: string, multiAddressEnabled: boolean): ServerLine {
  const [serverPart, clientPart, ...rest] = splitLikeJava(text, ';')
  const clientAddress = clientPart === undefined || rest.length > 0 ? undefined : readClientAddress(clientPart, text)
  const addresses = splitLikeJava(serverPart, '|')
  if (addresses.length > 1 && !multiAddressEnabled) {
    throw new ConfigRefused('config', `Multiple address feature is disabled, but multiple addresses were specified for sid ${sid}`)
  }
  let learnerType: LearnerType | undefined
  const read = addresses.map((address) => {
    const parts = hostAndPorts(address)
    if (rest.length > 0 || parts.length < 3 || parts.length > 4) throw new ConfigRefused('config', text + WRONG_FORM)
    const [host, quorumPort, electionPort] = [parts[0], readPort(parts[0], parts[1]), readPort(parts[0], parts[2])]
    if (quorumPort === electionPort) {
      const where = `Please update the configuration file on server.${sid}`
      throw new ConfigRefused('config', `Client and election port must be different! ${where}`)
    }
    if (parts.length === 4) learnerType = sameType(learnerType, parts[3])
    return { host, quorumPort, electionPort }
  })
  return { sid, addresses: read, learnerType: learnerType ?? 'participant', clientAddress }
}

function readClientAddress(text: string, line: string): { host: string; port: number } {
  const parts = hostAndPorts(text)
  if (parts.length > 2) throw new ConfigRefused('config', line + WRONG_FORM)
  // Java prints the host name of the server part here, which is not set yet.
  return { host: parts.length === 2 ? parts[0] : '0.0.0.0', port: readPort('null', parts.at(-1)!) }
}

function readPort(host: string, text: string): number {
  const port = plainInt32(text)
  if (port === undefined) throw new ConfigRefused('config', `Address unresolved: ${host}:${text}`)
  return checkPort(port)
}

/** As the constructor of InetSocketAddress. */
export function checkPort(port: number): number {
  if (port < 0 || port > 0xffff) throw new IllegalValue(`port out of range:${port}`)
  return port
}

function sameType(earlier: LearnerType | undefined, text: string): LearnerType {
  const type = text.trim().toLowerCase()
  if (type !== 'participant' && type !== 'observer') throw new ConfigRefused('config', `Unrecognised peertype: ${text}`)
  if (earlier !== undefined && earlier !== type) {
    throw new ConfigRefused('config', `Multiple addresses should have similar roles: PARTICIPANT vs ${type.toUpperCase()}`)
  }
  return type
}

/** As ConfigUtils.getHostAndPort: an IPv6 address stands in brackets. Throws ConfigRefused. */
export function hostAndPorts(text: string): string[] {
  if (!text.startsWith('[')) return splitLikeJava(text, ':')
  const close = text.indexOf(']')
  if (close < 0) throw new ConfigRefused('config', `${text} starts with '[' but has no matching ']:'`)
  if (close + 2 === text.length) throw new ConfigRefused('config', `${text} doesn't have a port after colon`)
  if (close + 2 > text.length) return [text.replaceAll(/[[\]]/g, '')]
  return [text.slice(1, close), ...splitLikeJava(text.slice(close + 2), ':')]
}
