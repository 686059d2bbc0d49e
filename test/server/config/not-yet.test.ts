import { expect, test } from 'vitest'
import { leftOut, refusalOf } from '../../../src/server/config/not-yet.ts'
import { loadSettings } from '../../../src/server/config/load-settings.ts'

const settings = (text: string) => loadSettings({ text: `dataDir=/d\n${text}`, path: '/z.cfg', readText: () => '1' }).settings

test('what cannot be served is refused with exit code 1', () => {
  const several = 'server.1=a:1:2\nserver.2=b:1:2\ninitLimit=1\nsyncLimit=1'
  expect(refusalOf(settings('clientPort=1'))).toBeUndefined()
  expect(refusalOf(settings(several))).toBeUndefined()
  for (const line of ['sslQuorum=true', 'portUnification=true']) {
    expect(refusalOf(settings(`${several}\n${line}`))).toMatchObject({ exitCode: 1, message: expect.stringContaining('sslQuorum') })
  }
  const sasl = `${several}\nquorum.auth.enableSasl=true\nquorum.auth.learnerRequireSasl=false`
  expect(refusalOf(settings(sasl))).toMatchObject({ exitCode: 1, message: expect.stringContaining('quorum.auth.enableSasl') })
  expect(refusalOf(settings('secureClientPort=1'))).toMatchObject({
    exitCode: 1,
    message: 'secureClientPort=1 (TLS for clients): not supported yet by TSKeeper',
  })
  const netty = 'serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory\nsecureClientPort=1'
  expect(refusalOf(settings(netty))).toMatchObject({ exitCode: 1, message: expect.stringContaining('not supported yet') })
  const provider = 'authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider\n'
  for (const asked of ['sessionRequireClientSASLAuth=true', `${provider}sessionRequireClientSASLAuth=true`]) {
    const message = 'sessionRequireClientSASLAuth=true (SASL logins): not supported yet by TSKeeper'
    expect(refusalOf(settings(asked))).toMatchObject({ exitCode: 1, message })
  }
  const enforced = (schemes: string): string => `${provider}enforce.auth.enabled=true\nenforce.auth.schemes=${schemes}`
  expect(refusalOf(settings(enforced('sasl')))).toMatchObject({ exitCode: 1, message: expect.stringContaining('not supported yet') })
  expect(refusalOf(settings(enforced('sasl,digest')))).toBeUndefined()
})

test('what is left out is told of', () => {
  expect(leftOut(settings(''))).toEqual([])
  const asked =
    'audit.enable=true\nclient.portUnification=true\nadmin.enableServer=true\nmetricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider'
  expect(leftOut(settings(asked))).toHaveLength(4)
  expect(leftOut(settings('jvm.pause.monitor=true'))).toHaveLength(1)
  const provider = 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider'
  expect(leftOut(settings(`authProvider.1=${provider}`))).toEqual([`authProvider.*=${provider}: not supported yet by TSKeeper, left out`])
  const properties = new Map([['java.security.auth.login.config', '/jaas.conf']])
  expect(leftOut(loadSettings({ text: 'dataDir=/d', path: '/z.cfg', properties }).settings)).toEqual([expect.stringContaining('SASL')])
})

test('members say what they leave out; a server without others has no use for it anyway', () => {
  const several = 'server.1=a:1:2\nserver.2=b:1:2\ninitLimit=1\nsyncLimit=1\n'
  expect(leftOut(settings(several))).toEqual([])
  const asked = 'reconfigEnabled=true\nobserverMasterPort=2191\noraclePath=/chassis\nlocalSessionsEnabled=true'
  expect(leftOut(settings(several + asked)).map((line) => line.split(/[ =:]/)[0])).toEqual([
    'reconfigEnabled',
    'observerMasterPort',
    'oraclePath',
    'localSessionsEnabled',
  ])
  expect(leftOut(settings(asked))).toEqual([])
})

test('an observer says that it keeps its log; to others the key means nothing', () => {
  const several = 'server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2:observer\ninitLimit=1\nsyncLimit=1\nsyncEnabled=false\n'
  const as = (id: number): string[] => {
    const readText = (): string => String(id)
    return leftOut(loadSettings({ text: `dataDir=/d\n${several}`, path: '/z.cfg', readText }).settings)
  }
  expect(as(3)).toEqual([expect.stringContaining('syncEnabled=false')])
  expect(as(1)).toEqual([])
})

test('settings that nothing reads are told of by those servers for which they would mean something', () => {
  const several = 'server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2:observer\ninitLimit=1\nsyncLimit=1\n'
  const asked = 'enableEagerACLCheck=true\nobserver.reconnectDelayMs=500\nemulate353TTLNodes=true\nrequest_throttler.shutdownTimeout=20'
  const keysOf = (text: string, id: number): string[] =>
    leftOut(loadSettings({ text: `dataDir=/d\n${text}`, path: '/z.cfg', readText: () => String(id) }).settings).map((line) => line.split(/[ =:]/)[0])
  const everywhere = ['emulate353TTLNodes', 'request_throttler.shutdownTimeout']
  expect(keysOf(asked, 1)).toEqual(everywhere)
  expect(keysOf(several + asked, 1)).toEqual(['enableEagerACLCheck', ...everywhere])
  expect(keysOf(several + asked, 3)).toEqual(['enableEagerACLCheck', 'observer.reconnectDelayMs', ...everywhere])
  const asDefault = 'enableEagerACLCheck=false\nobserver.reconnectDelayMs=0\nemulate353TTLNodes=false\nrequest_throttler.shutdownTimeout=10000'
  expect(keysOf(several + asDefault, 3)).toEqual([])
})
