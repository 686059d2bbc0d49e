/** The variables of the image `confluentinc/cp-zookeeper`, as its template of zookeeper.properties takes them. */
import { ImageRefused, unknownVariables } from './plan.ts'
import type { Environment, ImagePlace, ImagePlan } from './plan.ts'

/** In the order of the template. */
const settings: readonly [variable: string, key: string][] = [
  ['CLIENT_PORT', 'clientPort'],
  ['TICK_TIME', 'tickTime'],
  ['GLOBAL_OUTSTANDING_LIMIT', 'globalOutstandingLimit'],
  ['PRE_ALLOC_SIZE', 'preAllocSize'],
  ['SNAP_COUNT', 'snapCount'],
  ['TRACE_FILE', 'traceFile'],
  ['MAX_CLIENT_CNXNS', 'maxClientCnxns'],
  ['CLIENT_PORT_ADDRESS', 'clientPortAddress'],
  ['MIN_SESSION_TIMEOUT', 'minSessionTimeout'],
  ['MAX_SESSION_TIMEOUT', 'maxSessionTimeout'],
  ['FSYNC_WARNING_THRESHOLDMS', 'fsync.warningthresholdms'],
  ['AUTOPURGE_SNAP_RETAIN_COUNT', 'autopurge.snapRetainCount'],
  ['AUTOPURGE_PURGE_INTERVAL', 'autopurge.purgeInterval'],
  ['SYNC_ENABLED', 'syncEnabled'],
  ['ELECTION_ALG', 'electionAlg'],
  ['INIT_LIMIT', 'initLimit'],
  ['LEADER_SERVES', 'leaderServes'],
  ['SYNC_LIMIT', 'syncLimit'],
  ['CNX_TIMEOUT', 'cnxTimeout'],
  ['FORCE_SYNC', 'forceSync'],
  ['JUTE_MAX_BUFFER', 'jute.maxbuffer'],
  ['SKIP_ACL', 'skipACL'],
  ['QUORUM_LISTEN_ON_ALL_IPS', 'quorumListenOnAllIPs'],
  ['CLIENT_CNXN_SOCKET', 'clientCnxnSocket'],
  ['SECURE_CLIENT_PORT', 'secureClientPort'],
  ['SERVER_CNXN_SOCKET', 'serverCnxnSocket'],
  ['TCP_KEEP_ALIVE', 'tcpKeepAlive'],
  ['X509_AUTHENTICATION_PROVIDER_SUPER_USER', 'X509AuthenticationProvider.superUser'],
  ['SSL_AUTH_PROVIDER', 'ssl.authProvider'],
  ...tlsSettings('SSL', 'ssl'),
  ['SSL_QUORUM', 'sslQuorum'],
  ...tlsSettings('SSL_QUORUM', 'ssl.quorum'),
  ['SERVER_CNXN_FACTORY', 'serverCnxnFactory'],
  ['AUTH_PROVIDER_X509', 'authProvider.x509'],
  ['AUTH_PROVIDER_SASL', 'authProvider.sasl'],
  ['CLIENT_PORT_UNIFICATION', 'client.portUnification'],
  ['ADMIN_ENABLE_SERVER', 'admin.enableServer'],
  ['ADMIN_SERVER_ADDRESS', 'admin.serverAddress'],
  ['ADMIN_SERVER_PORT', 'admin.serverPort'],
  ['ADMIN_IDLE_TIMEOUT', 'admin.idleTimeout'],
  ['ADMIN_COMMAND_URL', 'admin.commandURL'],
]

function tlsSettings(variable: string, key: string): [variable: string, key: string][] {
  return [
    [`${variable}_CLIENT_AUTH`, `${key}.clientAuth`],
    [`${variable}_KEYSTORE_LOCATION`, `${key}.keyStore.location`],
    [`${variable}_KEYSTORE_PASSWORD`, `${key}.keyStore.password`],
    [`${variable}_KEYSTORE_TYPE`, `${key}.keyStore.type`],
    [`${variable}_TRUSTSTORE_LOCATION`, `${key}.trustStore.location`],
    [`${variable}_TRUSTSTORE_PASSWORD`, `${key}.trustStore.password`],
    [`${variable}_TRUSTSTORE_TYPE`, `${key}.trustStore.type`],
    [`${variable}_ENABLED_PROTOCOLS`, `${key}.enabledProtocols`],
    [`${variable}_CIPHER_SUITES`, `${key}.ciphersuites`],
    [`${variable}_CONTEXT_SUPPLIER_CLASS`, `${key}.context.supplier.class`],
    [`${variable}_HOSTNAME_VERIFICATION`, `${key}.hostnameVerification`],
    [`${variable}_CRL`, `${key}.crl`],
    // Spelled so by the image.
    [`${variable}_OCPS`, `${key}.ocsp`],
    [`${variable}_HANDSHAKE_DETECTION_TIMEOUT_MILLIS`, `${key}.handshakeDetectionTimeoutMillis`],
  ]
}

const lists: readonly [variable: string, key: string][] = [
  ['SERVERS', 'server'],
  ['GROUPS', 'group'],
  ['WEIGHTS', 'weight'],
]

const others = ['SERVER_ID', 'LOG4J_ROOT_LOGLEVEL', 'LOG4J_LOGGERS', 'TOOLS_LOG4J_LOGLEVEL']

export const confluentVariables: ReadonlySet<string> = new Set(
  [...settings, ...lists, ...others.map((name) => [name])].map(([variable]) => `ZOOKEEPER_${variable}`),
)

/** Variables that tune the JVM, which is not there, and its tools. */
const jvmVariables = (
  'ZOOKEEPER_TOOLS_LOG4J_LOGLEVEL KAFKA_HEAP_OPTS KAFKA_JVM_PERFORMANCE_OPTS KAFKA_GC_LOG_OPTS KAFKA_LOG4J_OPTS KAFKA_JMX_OPTS KAFKA_JMX_PORT ' +
  'KAFKA_JMX_HOSTNAME JMX_PORT'
).split(' ')

export function confluentPlan(given: Environment, { root }: ImagePlace): ImagePlan {
  const env = withLimits(given)
  const [dataDir, dataLogDir, confDir] = [`${root}/var/lib/zookeeper/data`, `${root}/var/lib/zookeeper/log`, `${root}/etc/kafka`]
  const variable = (name: string): string | undefined => env[`ZOOKEEPER_${name}`]
  return {
    image: 'confluentinc/cp-zookeeper',
    configFile: `${confDir}/zookeeper.properties`,
    config: [
      `dataDir=${dataDir}`,
      `dataLogDir=${dataLogDir}`,
      ...settings.flatMap(([name, key]) => (variable(name) === undefined ? [] : [`${key}=${variable(name)}`])),
      ...lists.flatMap(([name, key]) => numbered(key, variable(name))),
    ],
    replacesConfig: true,
    dataDir,
    myid: variable('SERVER_ID') || undefined,
    writesMyid: 'always',
    directories: [dataDir, dataLogDir, confDir],
    user: { uid: 1000, gid: 1000 },
    serverEnv: {
      ZOOCFGDIR: confDir,
      ZOOCFG: 'zookeeper.properties',
      ZOO_LOG_DIR: env['ZOO_LOG_DIR'] ?? `${root}/var/log/kafka`,
      ZOO_LOG_LEVEL: variable('LOG4J_ROOT_LOGLEVEL') || env['ZOO_LOG_LEVEL'] || 'INFO',
      SERVER_JVMFLAGS: [env['SERVER_JVMFLAGS'], env['KAFKA_OPTS']].filter(Boolean).join(' '),
    },
    remarks: [
      ...unknownVariables(env, /^ZOOKEEPER_/, (name) => confluentVariables.has(name), 'confluentinc/cp-zookeeper'),
      ...(variable('LOG4J_LOGGERS') ? ['ZOOKEEPER_LOG4J_LOGGERS: there is one logger, whose level is ZOOKEEPER_LOG4J_ROOT_LOGLEVEL; left out'] : []),
      ...jvmVariables.filter((name) => env[name]).map((name) => `${name}: there is no JVM; it has no effect`),
    ],
  }
}

/** Refuses missing variables, and gives members of an ensemble the image's limits. */
function withLimits(env: Environment): Environment {
  if (env['ZOOKEEPER_CLIENT_PORT'] === undefined && env['ZOOKEEPER_SECURE_CLIENT_PORT'] === undefined) {
    throw new ImageRefused('one of ZOOKEEPER_CLIENT_PORT and ZOOKEEPER_SECURE_CLIENT_PORT has to be set')
  }
  if (!env['ZOOKEEPER_SERVERS']) return env
  if (env['ZOOKEEPER_SERVER_ID'] === undefined) throw new ImageRefused('ZOOKEEPER_SERVER_ID has to be set where ZOOKEEPER_SERVERS is')
  return { ...env, ZOOKEEPER_INIT_LIMIT: env['ZOOKEEPER_INIT_LIMIT'] || '10', ZOOKEEPER_SYNC_LIMIT: env['ZOOKEEPER_SYNC_LIMIT'] || '5' }
}

function numbered(key: string, list: string | undefined): string[] {
  return list ? list.split(';').map((value, index) => `${key}.${index + 1}=${value}`) : []
}
