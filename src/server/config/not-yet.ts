/** What a configuration may ask for and this version does not have: told at start rather than found out later. */
import { ConfigRefused } from './config-refused.ts'
import { metricsProviders } from './operator-settings.ts'
import type { Settings } from './settings.ts'

/** The reason why a server cannot run with these settings; undefined = it can. */
export function refusalOf(settings: Settings): ConfigRefused | undefined {
  if (settings.sslQuorum || settings.portUnification) {
    return new ConfigRefused('unexpected', 'sslQuorum and portUnification are not supported by this version of TSKeeper')
  }
  if (settings.quorumAuthEnableSasl) {
    return new ConfigRefused('unexpected', 'quorum.auth.enableSasl is not supported by this version of TSKeeper')
  }
  if (settings.secureClientPort === undefined) return undefined
  if (settings.serverCnxnFactory?.endsWith('NettyServerCnxnFactory')) {
    return new ConfigRefused('unexpected', 'secureClientPort is not supported by this version of TSKeeper')
  }
  return new ConfigRefused('unexpected', "SSL isn't supported in NIOServerCnxn")
}

/** Warnings for what is left out. */
export function leftOut(settings: Settings): string[] {
  const lines: string[] = []
  const say = (what: string): unknown => lines.push(`${what}: not supported by this version of TSKeeper, left out`)
  if (settings.distributed) {
    if (settings.reconfigEnabled) say('reconfigEnabled=true (this server takes over the version of its configuration, and ends when others change its members)')
    if (settings.observerMasterPort > 0) say('observerMasterPort (observers follow the leader itself)')
    if (!settings.syncEnabled && settings.peerType === 'observer') say('syncEnabled=false (an observer keeps its log)')
    if (settings.oraclePath !== undefined) say('oraclePath')
    if (settings.localSessionsEnabled) say('localSessionsEnabled=true (every session is known to all)')
  }
  if (settings.metricsProviderClassName === metricsProviders.prometheus) say('metricsProvider.className=…PrometheusMetricsProvider')
  if (settings.auditEnable) say('audit.enable=true')
  if (settings.properties.has('java.security.auth.login.config')) say('SASL (java.security.auth.login.config)')
  if (settings.jvmPauseMonitor) say('jvm.pause.monitor=true')
  if (settings.clientPortUnification) say('client.portUnification=true')
  if (settings.properties.get('zookeeper.admin.enableServer') !== undefined && settings.adminEnableServer) say('admin.enableServer=true')
  return lines
}
