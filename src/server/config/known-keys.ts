/**
 * The keys that ZooKeeper 3.9.6 or this server reads. Java takes any other key for a property that somebody may read, and
 * says nothing; so a typing error goes unnoticed. Here each unknown key gets one warning, with the known key that is nearest.
 */
import { noticeForKey } from './ignored-keys.ts'
import type { Remarks, Row } from './key-table.ts'
import { isMembershipKey } from './membership.ts'
import type { PropertyLine } from './properties.ts'
import { settingKeys } from './settings.ts'

const storeParts = ['location', 'password', 'passwordPath', 'type']
const tlsParts = [
  ...['protocol', 'enabledProtocols', 'ciphersuites', 'context.supplier.class', 'hostnameVerification', 'clientHostnameVerification'],
  ...['allowReverseDnsLookup', 'crl', 'ocsp', 'clientAuth', 'handshakeDetectionTimeoutMillis', 'authProvider', 'sslProvider', 'tcnative.enabled'],
  ...['keyStore', 'trustStore'].flatMap((store) => storeParts.map((part) => `${store}.${part}`)),
]

/** Read by Java and not, or not yet, by a field of the settings. */
const otherKeys = [
  ...['4lw.commands.whitelist', 'jute.maxbuffer', 'jute.maxbuffer.extrasize', 'readonlymode.enabled', 'fips-mode', 'version', 'superUser'],
  ...['allowSaslFailedClients', 'sasl.serverconfig', 'sasl.clientconfig', 'sasl.client', 'sasl.client.username', 'requireKerberosConfig'],
  ...['sasl.client.canonicalize.hostname', 'kerberos.removeHostFromPrincipal', 'kerberos.removeRealmFromPrincipal', 'security.auth_to_local'],
  ...['kerberos.canonicalizeHostNames', 'kerberos.minReLoginTimeMs', 'server.principal', 'server.realm', 'kinit', 'request.timeout'],
  ...['SASLAuthenticationProvider.superPassword', 'client.secure', 'clientCnxnSocket', 'disableAutoWatchReset', 'configuration'],
  ...tlsParts.flatMap((part) => [`ssl.${part}`, `ssl.quorum.${part}`]),
]

/** What follows is anybody's. */
const openEnds = ['authProvider.', 'superUser.', 'metricsProvider.', 'tskeeper.test.']

const known: ReadonlySet<string> = new Set([...(Object.values(settingKeys) as Row<unknown>[]).flatMap(keysOf), ...otherKeys])

function keysOf(row: Row<unknown>): string[] {
  switch (row.kind) {
    case 'derived':
      return []
    case 'property':
      return row.names.map((name) => name.replace(/^zookeeper\./, ''))
    case 'typed':
      return [row.key, ...(row.instead === undefined ? [] : keysOf(row.instead))]
  }
}

function isKnown(key: string): boolean {
  return known.has(key) || isMembershipKey(key) || noticeForKey(key) !== undefined || openEnds.some((start) => key.startsWith(start))
}

export function warnOfUnknownKeys(lines: readonly PropertyLine[], path: string, remarks: Remarks): void {
  const told = new Set<string>()
  for (const { key: text, number } of lines) {
    const key = text.trim()
    if (told.has(key) || isKnown(key)) continue
    told.add(key)
    const near = nearestKey(key)
    remarks.warnings.push(`${path}:${number}: nothing reads the key ${key}.${near === undefined ? '' : ` Did you mean ${near}?`}`)
  }
}

/** The known key that is fewest letters away, upper case and lower case being one; undefined when all are quite different. */
export function nearestKey(key: string): string | undefined {
  let nearest: string | undefined
  let least = Math.max(1, Math.floor(key.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(key.toLowerCase(), candidate.toLowerCase())
    if (distance >= least) continue
    least = distance
    nearest = candidate
  }
  return nearest
}

/** Letters added, left out, changed or swapped with their neighbour. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row.push(Math.min(last[j] + 1, row[j - 1] + 1, change, isSwap ? beforeLast[j - 2] + 1 : Infinity))
    }
    beforeLast = last
    last = row
  }
  return last[b.length]
}
