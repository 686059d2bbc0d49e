/**
 * The checks that QuorumPeerConfig, ServerConfig and AuthenticationHelper make on values that are each well-formed,
 * in their order, and the fields that depend on several keys.
 */
import { schemeOfProvider, X509_PROVIDER_CLASS } from './auth-providers.ts'
import { ConfigRefused } from './config-refused.ts'
import { complaining } from './hints.ts'
import { nodeHashName } from './digest-algorithm.ts'
import { commaList } from './key-table.ts'
import type { Remarks } from './key-table.ts'
import { IllegalValue } from './java-values.ts'
import { checkPort } from './membership.ts'
import { metricsProviders } from './operator-settings.ts'
import { defaultSettings } from './settings.ts'
import type { Settings } from './settings.ts'

const factories = ['org.apache.zookeeper.server.NIOServerCnxnFactory', 'org.apache.zookeeper.server.NettyServerCnxnFactory']

/** Throws ConfigRefused or IllegalValue. */
export function checkSettings(fields: Partial<Settings>, remarks: Remarks): Settings {
  checkQuorumSasl(fields)
  const kept = fields.autopurgeSnapRetainCount ?? 3
  if (kept < 3) remarks.warnings.push(`Invalid autopurge.snapRetainCount: ${kept}. Defaulting to 3`)
  if (fields.dataDir === undefined || fields.dataDir === '') throw new IllegalValue('dataDir is not set')
  checkClientPorts(fields, remarks)
  const observerMasterPort = Math.max(0, fields.observerMasterPort ?? 0)
  remarks.notices.push(observerMasterPort === 0 ? 'observerMasterPort is not set' : `observerMasterPort is ${observerMasterPort}`)
  checkTick(fields)
  const settings = defaultSettings({
    ...fields,
    ...authFields(fields, remarks),
    observerMasterPort,
    autopurgeSnapRetainCount: Math.max(3, kept),
    fourLetterWords: whitelist(fields.properties ?? new Map()),
  })
  if (settings.minSessionTimeout > settings.maxSessionTimeout) {
    throw wrongSessionTimeouts(settings.minSessionTimeout, settings.maxSessionTimeout)
  }
  checkClasses(settings, remarks)
  return settings
}

/** In Java the default session timeouts are 2 and 20 ticks in 31 bits, whatever comes of it. */
const MAX_INT = 2 ** 31 - 1

function checkTick({ tickTime = 3000, minSessionTimeout = -1, maxSessionTimeout = -1 }: Partial<Settings>): void {
  const complaint = { key: 'tickTime', value: String(tickTime) }
  if (tickTime === 0) throw new IllegalValue('tickTime is not set', { ...complaint, must: 'be above 0' })
  const sentence = 'minSessionTimeout must not be larger than maxSessionTimeout'
  if (tickTime < 0) throw new IllegalValue(sentence, { ...complaint, must: 'be above 0' })
  const largest = Math.floor(MAX_INT / (maxSessionTimeout === -1 ? 20 : minSessionTimeout === -1 ? 2 : 1))
  if (tickTime <= largest) return
  throw new IllegalValue(sentence, { ...complaint, must: `be ${largest} or less, so that the session timeouts of 2 and 20 ticks can be counted` })
}

function wrongSessionTimeouts(min: number, max: number): IllegalValue {
  const error = new IllegalValue('minSessionTimeout must not be larger than maxSessionTimeout')
  error.complaint = { key: 'minSessionTimeout', value: String(min), must: `not be above maxSessionTimeout, which is ${max} ms` }
  return error
}

function checkQuorumSasl(fields: Partial<Settings>): void {
  const enable = 'quorum.auth.enableSasl'
  const server = 'quorum.auth.serverRequireSasl'
  const learner = 'quorum.auth.learnerRequireSasl'
  const refuse = (off: string, on: string): never => {
    throw new IllegalValue(`${off} is disabled, so cannot enable ${on}`)
  }
  if (!fields.quorumAuthEnableSasl && fields.quorumAuthServerRequireSasl) refuse(enable, server)
  if (!fields.quorumAuthEnableSasl && fields.quorumAuthLearnerRequireSasl) refuse(enable, learner)
  if (!fields.quorumAuthLearnerRequireSasl && fields.quorumAuthServerRequireSasl) refuse(learner, server)
}

function checkClientPorts(fields: Partial<Settings>, remarks: Remarks): void {
  const ports = [
    ['clientPort', fields.clientPort, fields.clientPortAddress],
    ['secureClientPort', fields.secureClientPort, fields.secureClientPortAddress],
  ] as const
  for (const [key, port, address] of ports) {
    if (port !== undefined) {
      complaining({ key, value: String(port), must: 'be from 0 to 65535' }, () => checkPort(port))
      const host = address ?? '0.0.0.0'
      remarks.notices.push(`${key}Address is ${host.includes(':') ? `[${host}]` : host}:${port}`)
    } else {
      remarks.notices.push(`${key} is not set`)
      if (address !== undefined) throw new IllegalValue(`${key}Address is set but ${key} is not set`)
    }
  }
}

function checkClasses(settings: Settings, remarks: Remarks): void {
  const provider = settings.metricsProviderClassName
  remarks.notices.push(`metricsProvider.className is ${provider}`)
  if (!Object.values<string>(metricsProviders).includes(provider)) throw new IllegalValue('metrics provider class was not found')
  const factory = settings.serverCnxnFactory
  if (factory !== undefined && !factories.includes(factory)) throw new ConfigRefused('unexpected', `Couldn't instantiate ${factory}`)
}

/** As FourLetterCommands: srvr is always answered, isro with the read-only mode. */
function whitelist(properties: ReadonlyMap<string, string>): ReadonlySet<string> | 'all' {
  const listed = commaList(properties.get('zookeeper.4lw.commands.whitelist') ?? '').filter((word) => word !== '')
  if (listed.includes('*')) return 'all'
  if (properties.get('readonlymode.enabled') === 'true') listed.push('isro')
  return new Set([...listed, 'srvr'])
}

function authFields(fields: Partial<Settings>, remarks: Remarks): Partial<Settings> {
  const properties = fields.properties ?? new Map<string, string>()
  const providers = new Map([...properties].filter(([name]) => name.startsWith(PROVIDER_PREFIX)))
  if (fields.secureClientPort !== undefined) addTlsProvider(providers, properties.get('zookeeper.ssl.authProvider'))
  for (const name of providers.values()) {
    if (schemeOfProvider(name) === undefined) remarks.warnings.push(`Problems loading ${name}`)
  }
  const algorithm = fields.digestAlgorithm ?? 'SHA1'
  if (nodeHashName(algorithm) === undefined) {
    throw new ConfigRefused('unexpected', `don't support this ACL digest algorithm: ${algorithm} in the current environment`)
  }
  const superUsers = [...properties].filter(([name]) => name === 'zookeeper.superUser' || name.startsWith('zookeeper.superUser.'))
  return {
    authProviders: [...providers.values()],
    superUsers: superUsers.map(([, id]) => id),
    ...enforcement(fields, [...providers.values()]),
  }
}

const PROVIDER_PREFIX = 'zookeeper.authProvider.'

/** As configureSSLAuth: the scheme for client certificates needs a provider, and x509 brings its own. */
function addTlsProvider(providers: Map<string, string>, configured: string | undefined): void {
  const scheme = configured ?? 'x509'
  if (providers.has(PROVIDER_PREFIX + scheme)) return
  if (scheme !== 'x509') {
    throw new ConfigRefused('config', `No auth provider configured for the SSL authentication scheme '${scheme}'.`)
  }
  providers.set(`${PROVIDER_PREFIX}x509`, X509_PROVIDER_CLASS)
}

function enforcement(fields: Partial<Settings>, providers: readonly string[]): Partial<Settings> {
  const saslOnly = fields.sessionRequireClientSaslAuth === true
  const enabled = saslOnly || fields.enforceAuthEnabled === true
  const schemes = saslOnly ? ['sasl'] : (fields.enforceAuthSchemes ?? [])
  // What nobody can log in by yet is refused later, in our words.
  if (!enabled || saslOnly) return { enforceAuthEnabled: enabled, enforceAuthSchemes: schemes }
  if (schemes.length === 0) {
    throw new ConfigRefused('arguments', 'zookeeper.enforce.auth.enabled is true zookeeper.enforce.auth.schemes must be  configured.')
  }
  const available = new Set(['ip', ...providers.map(schemeOfProvider)])
  if (fields.digestAuthEnabled !== false) available.add('digest')
  const missing = schemes.find((scheme) => !available.has(scheme))
  if (missing !== undefined) throw new ConfigRefused('arguments', `Authentication scheme ${missing} is not available.`)
  return { enforceAuthEnabled: true, enforceAuthSchemes: schemes }
}
