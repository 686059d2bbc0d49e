/**
 * Which servers there are and which of them this is: the second half of QuorumPeerConfig, from the membership lines of
 * zoo.cfg or of the dynamic file and from the file myid.
 */
import { ConfigRefused } from './config-refused.ts'
import type { Remarks } from './key-table.ts'
import { IllegalValue, parseHex64, plainInt64 } from './java-values.ts'
import { isMembershipKey, readMembership, voters } from './membership.ts'
import type { Membership, ServerLine } from './membership.ts'
import { MalformedProperties, parseProperties } from './properties.ts'
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
    return { ...placeServer(settings, readMembership(membership, settings.multiAddressEnabled), readText, remarks), configVersion }
  }
  if (file === undefined) return place(lines.membership, parseHex64(lines.version ?? '0'))
  try {
    return place(dynamicLines(file, readText), versionOf(file))
  } catch (error) {
    if (!(error instanceof IllegalValue || error instanceof MalformedProperties)) throw error
    throw new ConfigRefused('config', error.message, `Error processing ${file}`)
  }
}

function dynamicLines(file: string, readText: ReadText): ReadonlyMap<string, string> {
  const text = readText(file)
  if (text === undefined) throw new IllegalValue(`${file} (No such file or directory)`)
  const lines = parseProperties(text)
  if (lines.has('version')) throw new ConfigRefused('config', "dynamic file shouldn't have version inside")
  for (const key of lines.keys()) {
    if (!isMembershipKey(key)) throw new ConfigRefused('config', `Unrecognised parameter: ${key}`)
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
  const mine = servers.find(server => server.sid === serverId)
  const distributed = !settings.standaloneEnabled || voters(servers) > 1
  const fields = { ...membership, serverId, distributed, ...clientPort(settings, mine), peerType: peerType(settings, mine, remarks) }
  if (!distributed) return fields
  if (settings.initLimit === 0) throw new IllegalValue('initLimit is not set')
  if (settings.syncLimit === 0) throw new IllegalValue('syncLimit is not set')
  if (serverId === undefined) throw new IllegalValue('myid file is missing')
  return fields
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
  const line = text === '' ? 'null' : text.split(/\r\n|\r|\n/)[0]!
  const serverId = plainInt64(line)
  if (serverId === undefined) throw new IllegalValue(`serverid ${line} is not a number`)
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
  const [left, right] = [a, b].map(host => (host.toLowerCase() === 'localhost' ? '127.0.0.1' : host.toLowerCase()))
  return isLiteral(left!) && isLiteral(right!) && left !== right
}

/** As InetSocketAddress.toString. */
function hostText(host: string, port: number): string {
  return `${isLiteral(host) ? '' : host}/${host === 'localhost' ? '127.0.0.1' : host}:${port}`
}
