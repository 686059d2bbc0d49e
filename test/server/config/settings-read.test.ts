import { readFileSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { defaultSettings, settingKeys } from '../../../src/server/config/settings.ts'

const root = new URL('../../../src/', import.meta.url)
const rooms = ['server', 'quorum', 'cli', 'embed']

/** These files say what a setting is and which values it takes. They give it no effect. */
const definitions = /^server\/config\/(?:[a-z0-9-]+-settings|settings)\.ts$|^embed\/setting-checks\.ts$/

const code = rooms
  .flatMap((room) => readdirSync(new URL(room, root), { recursive: true, encoding: 'utf8' }).map((name) => `${room}/${name}`))
  .filter((name) => name.endsWith('.ts') && !definitions.test(name))
  .map((name) => readFileSync(new URL(name, root), 'utf8').replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, ''))
const words = new Set(code.join('\n').match(/\w+/g))

/** Settings that no other file names, by the reason why that may be so. */
const reasons: Record<string, readonly string[]> = {
  'settings.ts itself works it into a value that others read': ['connectionThrottleLocalSessionWeight', 'juteMaxBufferExtraSize'],
  'the admin server is not there yet; the server says so for admin.enableServer': [
    ...['adminServerAddress', 'adminServerPort', 'adminCommandUrl', 'adminIdleTimeoutMs', 'adminHttpVersion', 'adminPortUnification'],
    ...['adminForceHttps', 'adminNeedClientAuth', 'adminRateLimiterIntervalMs', 'adminSnapshotEnabled', 'adminRestoreEnabled'],
  ],
  'the audit log is not there yet; the server says so for audit.enable': ['auditImplClass'],
  'Prometheus is not there yet; the server says so for metricsProvider.className': ['metricsProviderConfiguration'],
  'the pause monitor is not there yet; the server says so for jvm.pause.monitor': [
    ...['jvmPauseWarnThresholdMs', 'jvmPauseInfoThresholdMs', 'jvmPauseSleepTimeMs'],
  ],
  'it means something only with TLS, SASL or HTTP logins, which are not there yet': [
    ...['useXForwardedFor', 'superUsers', 'x509SuperUser', 'clientCertReload', 'outstandingHandshakeLimit', 'earlyDropSecureConnectionHandshakes'],
    ...['sslQuorumReloadCertFiles', 'quorumAuthLearnerRequireSasl', 'quorumAuthServerRequireSasl', 'quorumAuthLearnerLoginContext'],
    ...['quorumAuthServerLoginContext', 'quorumAuthServicePrincipal'],
  ],
  'local sessions and the observer master are not there yet; the server says so for the keys that turn them on': [
    ...['localSessionsUpgradingEnabled', 'observerMasterSizeLimit'],
  ],
  'it tunes what this server does not have: threads, a probe of addresses, a cache of answers': [
    ...['quorumCnxnThreadsSize', 'multiAddressReachabilityCheckTimeoutMs', 'multiAddressReachabilityCheckEnabled'],
    ...['maxResponseCacheSize', 'maxGetChildrenResponseCacheSize'],
  ],
}

test('the server reads every setting or warns of it, but for those with a reason here', () => {
  const names = new Set([...Object.keys(settingKeys), ...Object.keys(defaultSettings())])
  const unread = [...names].filter((name) => !words.has(name))
  expect(unread.sort()).toEqual(Object.values(reasons).flat().sort())
})
