/** The variables of the image `bitnami/zookeeper`, as its scripts take them. */
import { serverVariables } from './official.ts'
import { ImageRefused, unknownVariables } from './plan.ts'
import type { Environment, ImagePlace, ImagePlan } from './plan.ts'

const IMAGE = 'bitnami/zookeeper'

/** Defaults of variables that are unset or empty. */
const defaults: Readonly<Record<string, string>> = {
  ZOO_SERVER_ID: '1',
  ZOO_PORT_NUMBER: '2181',
  ZOO_TICK_TIME: '2000',
  ZOO_INIT_LIMIT: '10',
  ZOO_SYNC_LIMIT: '5',
  ZOO_PRE_ALLOC_SIZE: '65536',
  ZOO_SNAPCOUNT: '100000',
  ZOO_MAX_CNXNS: '0',
  ZOO_MAX_CLIENT_CNXNS: '60',
  ZOO_AUTOPURGE_INTERVAL: '0',
  ZOO_AUTOPURGE_RETAIN_COUNT: '3',
  ZOO_4LW_COMMANDS_WHITELIST: 'srvr, mntr',
  ZOO_MAX_SESSION_TIMEOUT: '40000',
  ZOO_ADMIN_SERVER_ADDRESS: '127.0.0.1',
  ZOO_ADMIN_SERVER_PORT_NUMBER: '8080',
  ZOO_PROMETHEUS_METRICS_PORT_NUMBER: '7000',
  ZOO_FIPS_MODE: 'yes',
  ZOO_TLS_PORT_NUMBER: '3181',
  ZOO_TLS_CLIENT_AUTH: 'need',
  ZOO_TLS_QUORUM_CLIENT_AUTH: 'need',
}

const withoutDefault = (
  'ZOO_SERVERS ZOO_DATA_LOG_DIR ZOO_PEER_TYPE ZOO_HEAP_SIZE ZOO_HC_TIMEOUT ZOO_RECONFIG_ENABLED ZOO_LISTEN_ALLIPS_ENABLED ' +
  'ZOO_ENABLE_ADMIN_SERVER ZOO_ENABLE_PROMETHEUS_METRICS ZOO_TLS_CLIENT_ENABLE ZOO_TLS_CLIENT_KEYSTORE_FILE ZOO_TLS_CLIENT_KEYSTORE_TYPE ' +
  'ZOO_TLS_CLIENT_KEYSTORE_PASSWORD ZOO_TLS_CLIENT_TRUSTSTORE_FILE ZOO_TLS_CLIENT_TRUSTSTORE_TYPE ZOO_TLS_CLIENT_TRUSTSTORE_PASSWORD ' +
  'ZOO_TLS_QUORUM_ENABLE ZOO_TLS_QUORUM_KEYSTORE_FILE ZOO_TLS_QUORUM_KEYSTORE_TYPE ZOO_TLS_QUORUM_KEYSTORE_PASSWORD ' +
  'ZOO_TLS_QUORUM_TRUSTSTORE_FILE ZOO_TLS_QUORUM_TRUSTSTORE_TYPE ZOO_TLS_QUORUM_TRUSTSTORE_PASSWORD ' +
  'ZOO_ENABLE_AUTH ALLOW_ANONYMOUS_LOGIN ALLOW_EMPTY_PASSWORD ZOO_CLIENT_USER ZOO_CLIENT_PASSWORD ZOO_SERVER_USERS ZOO_SERVER_PASSWORDS ' +
  'ZOO_ENABLE_QUORUM_AUTH ZOO_QUORUM_LEARNER_USER ZOO_QUORUM_LEARNER_PASSWORD ZOO_QUORUM_SERVER_USERS ZOO_QUORUM_SERVER_PASSWORDS'
).split(' ')

export const bitnamiVariables: readonly string[] = [...Object.keys(defaults), ...withoutDefault, ...serverVariables]

/** Any other property: `ZOO_CFG_snapshot_trust_empty` is snapshot.trust.empty. ZOO_CFG_EXTRA is the official image's. */
const FREE_SETTING = /^ZOO_CFG_(?!EXTRA$)(.+)$/

type Read = (name: string) => string

export function bitnamiPlan(given: Environment, { root, readText }: ImagePlace): ImagePlan {
  const remarks: string[] = []
  const env = withFiles(given, readText, remarks)
  const read: Read = (name) => env[name] || (defaults[name] ?? '')
  refuse(read)
  const home = `${root}/opt/bitnami/zookeeper`
  const dataDir = `${root}/bitnami/zookeeper/data`
  if (env['ZOO_HEAP_SIZE']) remarks.push('ZOO_HEAP_SIZE: there is no JVM; NODE_OPTIONS=--max-old-space-size=<MB> bounds the heap of Node.js')
  const isKnown = (name: string): boolean => bitnamiVariables.includes(name.replace(/_FILE$/, '')) || bitnamiVariables.includes(name) || FREE_SETTING.test(name)
  return {
    image: IMAGE,
    configFile: `${home}/conf/zoo.cfg`,
    config: [...properties(env, read, dataDir)].map(([key, value]) => `${key}=${value}`),
    replacesConfig: false,
    dataDir,
    myid: read('ZOO_SERVER_ID'),
    writesMyid: 'into an empty directory',
    directories: [dataDir, `${home}/conf`, `${home}/logs`, ...(read('ZOO_DATA_LOG_DIR') === '' ? [] : [read('ZOO_DATA_LOG_DIR')])],
    user: { uid: 1001, gid: 0 },
    serverEnv: {
      ZOOCFGDIR: `${home}/conf`,
      ZOO_LOG_DIR: `${home}/logs`,
      SERVER_JVMFLAGS: `-Dzookeeper.fips-mode=${isYes(read('ZOO_FIPS_MODE'))} -Dzookeeper.electionPortBindRetry=0 ${env['SERVER_JVMFLAGS'] ?? ''}`.trim(),
      JVMFLAGS: env['JVMFLAGS'] ?? '',
    },
    remarks: [...remarks, ...unknownVariables(env, /^ZOO_/, isKnown, IMAGE)],
  }
}

/** `<name>_FILE` names a file that holds the value. */
function withFiles(given: Environment, readText: ImagePlace['readText'], remarks: string[]): Environment {
  const env = { ...given }
  for (const name of bitnamiVariables) {
    const file = given[`${name}_FILE`]
    if (!file) continue
    const text = readText(file)
    if (text === undefined) remarks.push(`${name}_FILE: ${file} cannot be read; left out`)
    else env[name] = text.replace(/\n+$/, '')
  }
  return env
}

function refuse(read: Read): void {
  for (const name of ['ZOO_ENABLE_AUTH', 'ZOO_ENABLE_QUORUM_AUTH']) {
    if (isYes(read(name))) throw new ImageRefused(`${name}=${read(name)}: SASL is not supported yet by TSKeeper`)
  }
  if (!isYes(read('ALLOW_ANONYMOUS_LOGIN')) && !isYes(read('ALLOW_EMPTY_PASSWORD'))) {
    throw new ImageRefused('logins are not asked for: ALLOW_ANONYMOUS_LOGIN=yes (or ALLOW_EMPTY_PASSWORD=yes) has to say that this is meant')
  }
  const peerType = read('ZOO_PEER_TYPE')
  if (!['', 'observer', 'participant'].includes(peerType)) throw new ImageRefused(`ZOO_PEER_TYPE=${peerType}: neither observer nor participant`)
}

function properties(env: Environment, read: Read, dataDir: string): Map<string, string> {
  const yesNo = (name: string): string => String(isYes(read(name)))
  const all = new Map([
    ['tickTime', read('ZOO_TICK_TIME')],
    ['initLimit', read('ZOO_INIT_LIMIT')],
    ['syncLimit', read('ZOO_SYNC_LIMIT')],
    ['preAllocSize', read('ZOO_PRE_ALLOC_SIZE')],
    ['snapCount', read('ZOO_SNAPCOUNT')],
    ['dataDir', dataDir],
    ['dataLogDir', read('ZOO_DATA_LOG_DIR')],
    ['clientPort', isYes(read('ZOO_TLS_CLIENT_ENABLE')) ? '' : read('ZOO_PORT_NUMBER')],
    ['maxCnxns', read('ZOO_MAX_CNXNS')],
    ['maxClientCnxns', read('ZOO_MAX_CLIENT_CNXNS')],
    ['reconfigEnabled', yesNo('ZOO_RECONFIG_ENABLED')],
    ['quorumListenOnAllIPs', yesNo('ZOO_LISTEN_ALLIPS_ENABLED')],
    ['autopurge.purgeInterval', read('ZOO_AUTOPURGE_INTERVAL')],
    ['autopurge.snapRetainCount', read('ZOO_AUTOPURGE_RETAIN_COUNT')],
    ['4lw.commands.whitelist', read('ZOO_4LW_COMMANDS_WHITELIST')],
    ['maxSessionTimeout', read('ZOO_MAX_SESSION_TIMEOUT')],
    ['admin.serverAddress', read('ZOO_ADMIN_SERVER_ADDRESS')],
    ['admin.serverPort', read('ZOO_ADMIN_SERVER_PORT_NUMBER')],
    ['admin.enableServer', yesNo('ZOO_ENABLE_ADMIN_SERVER')],
    ...members(read),
    ...clientTls(read),
    ...quorumTls(read),
    ...freeSettings(env),
    ...metrics(read),
    ...(read('ZOO_PEER_TYPE') === '' ? [] : [['peerType', read('ZOO_PEER_TYPE')] satisfies Pair]),
  ])
  for (const [key, value] of all) if (value === '') all.delete(key)
  return all
}

type Pair = [key: string, value: string]

/** One server alone is no ensemble. `::` outside of an IPv6 address's brackets separates a server from its id; without ids the servers are counted. */
function members(read: Read): Pair[] {
  const servers = read('ZOO_SERVERS')
    .split(/[;, ]+/)
    .filter((server) => server !== '')
  const hasIds = servers.some((server) => server.replace(/\[[^\]]*\]/g, '').includes('::'))
  const form = hasIds ? /^(\S+:\d+:\d+(?::(?:observer|participant))?)::(\d+)$/ : /^(\S+:\d+:\d+(?::(?:observer|participant))?)$/
  const pairs = servers.map((server, index): Pair => {
    const match = form.exec(server)
    if (match === null) throw new ImageRefused(`ZOO_SERVERS: ${server} is not of the form host:port:port${hasIds ? '::id' : ''}`)
    return [`server.${match[2] ?? index + 1}`, `${match[1]};${read('ZOO_PORT_NUMBER')}`]
  })
  return pairs.length > 1 ? pairs : []
}

const nettyFactory: Pair = ['serverCnxnFactory', 'org.apache.zookeeper.server.NettyServerCnxnFactory']

function clientTls(read: Read): Pair[] {
  if (!isYes(read('ZOO_TLS_CLIENT_ENABLE'))) return []
  const port: Pair[] = [
    ['client.secure', 'true'],
    ['ssl.clientAuth', read('ZOO_TLS_CLIENT_AUTH')],
    ['secureClientPort', read('ZOO_TLS_PORT_NUMBER')],
  ]
  return [...port, nettyFactory, ...stores(read, 'ZOO_TLS_CLIENT', 'ssl')]
}

function quorumTls(read: Read): Pair[] {
  if (!isYes(read('ZOO_TLS_QUORUM_ENABLE'))) return []
  const quorum: Pair[] = [
    ['sslQuorum', 'true'],
    ['ssl.quorum.clientAuth', read('ZOO_TLS_QUORUM_CLIENT_AUTH')],
  ]
  return [...quorum, nettyFactory, ...stores(read, 'ZOO_TLS_QUORUM', 'ssl.quorum')]
}

function stores(read: Read, variable: string, key: string): Pair[] {
  return (['keyStore', 'trustStore'] as const).flatMap((store): Pair[] => {
    const name = `${variable}_${store.toUpperCase()}`
    return [
      [`${key}.${store}.location`, read(`${name}_FILE`)],
      [`${key}.${store}.type`, read(`${name}_TYPE`)],
      [`${key}.${store}.password`, read(`${name}_PASSWORD`)],
    ]
  })
}

function freeSettings(env: Environment): Pair[] {
  return Object.keys(env)
    .sort()
    .flatMap((name): Pair[] => {
      const key = FREE_SETTING.exec(name)?.[1]
      return key === undefined ? [] : [[key.replaceAll('_', '.'), env[name]!]]
    })
}

function metrics(read: Read): Pair[] {
  if (!isYes(read('ZOO_ENABLE_PROMETHEUS_METRICS'))) return []
  return [
    ['metricsProvider.className', 'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider'],
    ['metricsProvider.httpPort', read('ZOO_PROMETHEUS_METRICS_PORT_NUMBER')],
    ['metricsProvider.exportJvmInfo', 'true'],
  ]
}

function isYes(value: string): boolean {
  return /^(?:1|yes|true)$/i.test(value)
}
