/** What a configuration may ask for and this version does not have: told at start rather than found out later. */
import { schemeOfProvider } from './auth-providers.ts'
import { ConfigRefused } from './config-refused.ts'
import { metricsProviders } from './operator-settings.ts'
import type { Settings } from './settings.ts'
import { throttleDefaults } from './throttle-settings.ts'

/** The reason why a server cannot run with these settings; undefined = it can. */
export function refusalOf(settings: Settings): ConfigRefused | undefined {
  const asked = unservable(settings)
  return asked === undefined ? undefined : new ConfigRefused('unexpected', `${asked}: not supported yet by TSKeeper`)
}

/** In our words, not in those in which Java would refuse something else. */
function unservable(settings: Settings): string | undefined {
  if (settings.sslQuorum) return 'sslQuorum=true (TLS between servers)'
  if (settings.portUnification) return 'portUnification=true (TLS between servers, with sslQuorum)'
  if (settings.quorumAuthEnableSasl) return 'quorum.auth.enableSasl=true (SASL between servers)'
  if (settings.secureClientPort !== undefined) return `secureClientPort=${settings.secureClientPort} (TLS for clients)`
  if (settings.sessionRequireClientSaslAuth) return 'sessionRequireClientSASLAuth=true (SASL logins)'
  const { enforceAuthEnabled, enforceAuthSchemes: schemes } = settings
  if (enforceAuthEnabled && schemes.every(isNotYetAScheme)) return `enforce.auth.schemes=${schemes.join(',')} (these logins)`
  return undefined
}

function isNotYetAScheme(scheme: string | undefined): boolean {
  return scheme === 'sasl' || scheme === 'x509'
}

/** Warnings for what is left out. */
export function leftOut(settings: Settings): string[] {
  const lines: string[] = []
  const say = (what: string): unknown => lines.push(`${what}: not supported yet by TSKeeper, left out`)
  if (settings.distributed) {
    if (settings.reconfigEnabled) say('reconfigEnabled=true (this server takes over the version of its configuration, and ends when others change its members)')
    if (settings.observerMasterPort > 0) say('observerMasterPort (observers follow the leader itself)')
    if (!settings.syncEnabled && settings.peerType === 'observer') say('syncEnabled=false (an observer keeps its log)')
    if (settings.oraclePath !== undefined) say('oraclePath')
    if (settings.localSessionsEnabled) say('localSessionsEnabled=true (every session is known to all)')
    if (settings.enableEagerAclCheck) say('enableEagerACLCheck=true (the leader checks the ACLs of a write)')
    const delay = settings.observerReconnectDelayMs
    if (delay > 0 && settings.peerType === 'observer') say(`observer.reconnectDelayMs=${delay} (an observer connects at once)`)
  }
  if (settings.emulate353TtlNodes) say('emulate353TTLNodes=true (a TTL node that 3.5.3 wrote never expires)')
  const drain = settings.requestThrottlerShutdownTimeoutMs
  if (drain !== throttleDefaults.requestThrottlerShutdownTimeoutMs) say(`request_throttler.shutdownTimeout=${drain} (a stop waits for no held request)`)
  if (settings.metricsProviderClassName === metricsProviders.prometheus) say('metricsProvider.className=…PrometheusMetricsProvider')
  if (settings.auditEnable) say('audit.enable=true')
  if (settings.properties.has('java.security.auth.login.config')) say('SASL (java.security.auth.login.config)')
  for (const provider of settings.authProviders) if (isNotYetAScheme(schemeOfProvider(provider))) say(`authProvider.*=${provider}`)
  if (settings.jvmPauseMonitor) say('jvm.pause.monitor=true')
  if (settings.clientPortUnification) say('client.portUnification=true')
  if (settings.properties.get('zookeeper.admin.enableServer') !== undefined && settings.adminEnableServer) say('admin.enableServer=true')
  return lines
}
