/**
 * Which servers there are and which of them this is: the second half of QuorumPeerConfig, from the membership lines of
 * zoo.cfg or of the dynamic file and from the file myid.
 */
import { ConfigRefused } from './config-refused.ts'
import { hintFor } from './hints.ts'
import type { Remarks } from './key-table.ts'
import { IllegalValue, parseHex64, plainInt64 } from './java-values.ts'
import { isMembershipKey, readMembership, voters } from './membership.ts'
import type { Membership, ServerLine } from './membership.ts'
import { MalformedProperties, propertyLines } from './properties.ts'
import type { PropertyLine } from './properties.ts'
import type { Settings } from './settings.ts'

type ReadText = (path: string) => string | undefined

/** What zoo.cfg itself says of the ensemble. */
interface StaticLines {
  readonly membership: ReadonlyMap<string, string>
  readonly version: string | undefined
}

/** The fields of the settings that tell of the ensemble. Throws ConfigRefused or IllegalValue. */
export function quorumSettings(settings: Settings, lines: StaticLines, readText: ReadText, remarks: Remarks): Partial<Settings> {
  const file = settings.dynamicConfigFile
  const place = (membership: ReadonlyMap<string, string>, configVersion: bigint): Partial<Settings> => {
    const read = readMembership(membership, settings.multiAddressEnabled, (line) => remarks.warnings.push(line))
    return { ...placeServer(settings, read, readText, remarks), configVersion }
  }
  if (file === undefined) return place(lines.membership, parseHex64(lines.version ?? '0'))
  let found: readonly PropertyLine[] = []
  try {
    found = dynamicLines(file, readText)
    return place(new Map(found.map(({ key, value }) => [key, value])), versionOf(file))
  } catch (error) {
    if (error instanceof ConfigRefused && error.complaint !== undefined) error.hint ??= hintFor(error.complaint, file, found)
    if (!(error instanceof IllegalValue || error instanceof MalformedProperties)) throw error
    const complaint = error instanceof IllegalValue ? error.complaint : undefined
    throw new ConfigRefused('config', error.message, `Error processing ${file}`, complaint && hintFor(complaint, file, found))
  }
}

function dynamicLines(file: string, readText: ReadText): readonly PropertyLine[] {
  const text = readText(file)
  if (text === undefined) throw new IllegalValue(`${file} (No such file or directory)`)
  const lines = propertyLines(text)
  for (const { key, number } of lines) {
    const refused = (message: string): ConfigRefused => new ConfigRefused('config', message, undefined, `${file}:${number}`)
    if (key === 'version') throw refused("dynamic file shouldn't have version inside")
    if (!isMembershipKey(key)) throw refused(`Unrecognised parameter: ${key}`)
  }
  return lines
}

/** As Java: what follows the last dot of the path, if that is a number in hex. Java writes a minus sign as no number can be read. */
function versionOf(file: string): bigint {
  const suffix = /^[+-]?[0-9a-fA-F]+$/.exec(file.slice(file.lastIndexOf('.') + 1))?.[0]
  if (suffix === undefined || !file.includes('.')) return 0n
  const size = BigInt(`0x${suffix.replace(/^[+-]/, '')}`)
  if (size > 0x7fff_ffff_ffff_ffffn) return 0n
  if (suffix.startsWith('-')) throw new IllegalValue(`For input string: "${BigInt.asUintN(64, -size).toString(16)}" under radix 16`)
  return size
}

function placeServer(settings: Settings, membership: Membership, readText: ReadText, remarks: Remarks): Partial<Settings> {
  const { servers } = membership
  checkNumbers(settings, servers, remarks)
  const serverId = readServerId(settings.dataDir, readText)
  const mine = servers.find((server) => server.sid === serverId)
  const distributed = !settings.standaloneEnabled || voters(servers) > 1
  const fields = { ...membership, serverId, distributed, ...clientPort(settings, mine), peerType: peerType(settings, mine, remarks) }
  checkGroupMembers(membership)
  if (!distributed) return fields
  for (const key of ['initLimit', 'syncLimit'] as const) {
    const ticks = settings[key]
    // With fewer than none no learner ever has the time to sync; Java starts all the same.
    if (ticks <= 0) throw new IllegalValue(`${key} is not set`, ticks === 0 ? undefined : { key, value: String(ticks), must: 'be above 0' })
  }
  // As Java, which takes -1 for none.
  if (serverId === undefined || serverId === -1) throw new IllegalValue('myid file is missing')
  if (mine === undefined) {
    const listed = servers.map(({ sid }) => sid).join(', ')
    const hint = `${settings.dataDir}/myid says ${serverId}; there are server lines for ${listed}`
    throw new ConfigRefused('unexpected', `My id ${serverId} not in the peer list`, undefined, hint)
  }
  warnOfSharedPorts(servers, mine, fields.clientPort ?? settings.clientPort, remarks)
  return fields
}

/** Java ends with a null pointer here. */
function checkGroupMembers({ servers, groups, weights }: Membership): void {
  const known = new Set(weights.keys())
  for (const { sid, learnerType } of servers) if (learnerType === 'participant') known.add(sid)
  for (const [gid, sids] of groups) {
    const stranger = sids.find((sid) => !known.has(sid))
    if (stranger !== undefined)
      throw new ConfigRefused('unexpected', `group.${gid} names server ${stranger}, which no server.${stranger} line makes a participant`)
  }
}

/** Java says nothing; the second listener fails, or another server is reached than was meant. */
function warnOfSharedPorts(servers: readonly ServerLine[], mine: ServerLine, clientPort: number | undefined, remarks: Remarks): void {
  const users = new Map<string, string>()
  const use = (host: string, port: number, user: string): void => {
    if (port === 0) remarks.warnings.push(`${user} is 0: the system chooses it, and no other server finds it`)
    const place = `${host}:${port}`
    const other = users.get(place)
    if (other === undefined) users.set(place, user)
    else remarks.warnings.push(`${user} and ${other} are both ${place}`)
  }
  for (const { sid, addresses } of servers) {
    for (const { host, quorumPort, electionPort } of addresses) {
      use(host.toLowerCase(), quorumPort, `the quorum port of server.${sid}`)
      use(host.toLowerCase(), electionPort, `the election port of server.${sid}`)
    }
  }
  if (clientPort !== undefined && clientPort !== 0) for (const { host } of mine.addresses) use(host.toLowerCase(), clientPort, 'the client port')
}

function checkNumbers(settings: Settings, servers: readonly ServerLine[], remarks: Remarks): void {
  const voting = voters(servers)
  const observing = servers.length - voting
  if (voting === 0) {
    if (!settings.standaloneEnabled) throw new IllegalValue('standaloneEnabled = false then number of participants should be >0')
    if (observing > 0) throw new IllegalValue('Observers w/o participants is an invalid configuration')
  } else if (voting === 1 && settings.standaloneEnabled) {
    remarks.errors.push('Invalid configuration, only one server specified (ignoring)')
    if (observing > 0) throw new IllegalValue('Observers w/o quorum is an invalid configuration')
  } else if (voting <= 2) {
    remarks.warnings.push('No server failure will be tolerated. You need at least 3 servers.')
  } else if (voting % 2 === 0) {
    remarks.warnings.push('Non-optimal configuration, consider an odd number of servers.')
  }
}

/** The first line of myid; undefined = there is no such file, which only an ensemble minds. */
function readServerId(dataDir: string, readText: ReadText): number | undefined {
  const text = readText(`${dataDir}/myid`)
  if (text === undefined) return undefined
  const line = text === '' ? 'null' : text.split(/\r\n|\r|\n/)[0]
  const serverId = plainInt64(line)
  if (serverId === undefined) {
    const complaint = { key: `${dataDir}/myid`, value: line, must: 'hold one number and nothing else' }
    throw new IllegalValue(`serverid ${line} is not a number`, complaint)
  }
  return serverId
}

/** The client part of the own server line wins; a different one in the static file is refused. */
function clientPort(settings: Settings, mine: ServerLine | undefined): Partial<Settings> {
  const address = mine?.clientAddress
  if (mine === undefined || address === undefined) return {}
  const { clientPort: port, clientPortAddress: host } = settings
  const any = host === undefined || isWildcard(host)
  if (port !== undefined && (port !== address.port || (!any && differ(host, address.host)))) {
    const fixed = host === undefined ? `0.0.0.0/0.0.0.0:${port}` : hostText(host, port)
    throw new ConfigRefused(
      'config',
      `client address for this server (id = ${mine.sid}) in static config file is ${fixed}` +
        ` is different from client address found in dynamic file: ${hostText(address.host, address.port)}`,
    )
  }
  return { clientPort: address.port, clientPortAddress: address.host }
}

function peerType(settings: Settings, mine: ServerLine | undefined, remarks: Remarks): 'participant' | 'observer' {
  const listed = mine?.learnerType ?? 'participant'
  if (listed !== settings.peerType) {
    const [byList, byKey] = [listed.toUpperCase(), settings.peerType.toUpperCase()]
    remarks.warnings.push(`Peer type from servers list (${byList}) doesn't match peerType (${byKey}). Defaulting to servers list.`)
  }
  return listed
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

/** An address, no name. */
export function isLiteral(host: string): boolean {
  return host.includes(':') || /^[0-9.]+$/.test(host)
}

/** Names are not looked up here: only two literals, or the same kind of local name, can be told apart. */
function differ(a: string, b: string): boolean {
  const [left, right] = [a, b].map((host) => (host.toLowerCase() === 'localhost' ? '127.0.0.1' : host.toLowerCase()))
  return isLiteral(left) && isLiteral(right) && left !== right
}

/** As InetSocketAddress.toString. */
function hostText(host: string, port: number): string {
  return `${isLiteral(host) ? '' : host}/${host === 'localhost' ? '127.0.0.1' : host}:${port}`
}
