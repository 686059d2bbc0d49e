import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { bitnamiVariables } from '../../../src/cli/image/bitnami.ts'
import { planImage } from '../../../src/cli/image/choose.ts'
import { confluentVariables } from '../../../src/cli/image/confluent.ts'
import { officialVariables } from '../../../src/cli/image/official.ts'
import { ImageRefused } from '../../../src/cli/image/plan.ts'
import type { Environment, ImagePlan } from '../../../src/cli/image/plan.ts'

function plan(env: Environment, files: Record<string, string> = {}): ImagePlan {
  return planImage({ PATH: '/bin', HOSTNAME: 'zoo1', ...env }, { root: '', readText: (path) => files[path] })
}

const confluent = { ZOOKEEPER_CLIENT_PORT: '2181' }
const bitnami = { ALLOW_ANONYMOUS_LOGIN: 'yes' }

describe('the official image', () => {
  it('has its defaults', () => {
    expect(plan({})).toEqual({
      image: 'the official image',
      configFile: '/conf/zoo.cfg',
      config: [
        'dataDir=/data',
        'dataLogDir=/datalog',
        'tickTime=2000',
        'initLimit=5',
        'syncLimit=2',
        'autopurge.snapRetainCount=3',
        'autopurge.purgeInterval=0',
        'maxClientCnxns=60',
        'standaloneEnabled=true',
        'admin.enableServer=true',
        'server.1=localhost:2888:3888;2181',
      ],
      replacesConfig: false,
      dataDir: '/data',
      myid: '1',
      writesMyid: 'when there is none',
      directories: ['/data', '/datalog', '/logs'],
      user: { uid: 1000, gid: 1000 },
      serverEnv: { ZOOCFGDIR: '/conf', ZOO_LOG_DIR: '/logs' },
      remarks: [],
    })
  })

  it('takes every variable', () => {
    const { config, configFile, dataDir, myid, serverEnv, remarks } = plan({
      ZOO_TICK_TIME: '500',
      ZOO_INIT_LIMIT: '7',
      ZOO_SYNC_LIMIT: '8',
      ZOO_AUTOPURGE_SNAPRETAINCOUNT: '4',
      ZOO_AUTOPURGE_PURGEINTERVAL: '24',
      ZOO_MAX_CLIENT_CNXNS: '0',
      ZOO_STANDALONE_ENABLED: 'false',
      ZOO_ADMINSERVER_ENABLED: 'false',
      ZOO_SERVERS: 'server.1=zoo1:2888:3888;2181  server.2=zoo2:2888:3888:observer;2181\n',
      ZOO_MY_ID: '2',
      ZOO_4LW_COMMANDS_WHITELIST: 'srvr, mntr',
      ZOO_CFG_EXTRA: 'snapCount=1000 preAllocSize=64',
      ZOO_CONF_DIR: '/c',
      ZOO_DATA_DIR: '/d',
      ZOO_DATA_LOG_DIR: '/l',
      ZOO_LOG_DIR: '/o',
      ZOO_LOG_LEVEL: 'WARN',
      JVMFLAGS: '-Xmx1g',
    })
    expect(config).toEqual([
      'dataDir=/d',
      'dataLogDir=/l',
      'tickTime=500',
      'initLimit=7',
      'syncLimit=8',
      'autopurge.snapRetainCount=4',
      'autopurge.purgeInterval=24',
      'maxClientCnxns=0',
      'standaloneEnabled=false',
      'admin.enableServer=false',
      'server.1=zoo1:2888:3888;2181',
      'server.2=zoo2:2888:3888:observer;2181',
      '4lw.commands.whitelist=srvr, mntr',
      'snapCount=1000',
      'preAllocSize=64',
    ])
    expect([configFile, dataDir, myid, remarks]).toEqual(['/c/zoo.cfg', '/d', '2', []])
    expect(serverEnv).toEqual({ ZOOCFGDIR: '/c', ZOO_LOG_DIR: '/o' })
  })

  it('tells what it does not know, but for links to a service called zookeeper or zoo', () => {
    const links = {
      ZOOKEEPER_PORT_2181_TCP_ADDR: '10.0.0.1',
      ZOOKEEPER_SERVICE_HOST: '10.0.0.1',
      ZOO_PORT: 'tcp://10.0.0.1:2181',
      ZOOKEEPER_CLIENT_PORT: 'tcp://10.0.0.1:2181',
    }
    expect(plan({ ...links, ZOO_TICKTIME: '1', ZOO_LOG4J_PROP: 'WARN,CONSOLE' }).remarks).toEqual([
      'ZOO_LOG4J_PROP: there is no log4j; ZOO_LOG_LEVEL=WARN sets the level',
      'ZOO_TICKTIME: not a variable of the official image; it has no effect',
    ])
  })
})

describe('cp-zookeeper', () => {
  it('is known by its client port', () => {
    expect(plan(confluent)).toEqual({
      image: 'confluentinc/cp-zookeeper',
      configFile: '/etc/kafka/zookeeper.properties',
      config: ['dataDir=/var/lib/zookeeper/data', 'dataLogDir=/var/lib/zookeeper/log', 'clientPort=2181'],
      replacesConfig: true,
      dataDir: '/var/lib/zookeeper/data',
      myid: undefined,
      writesMyid: 'always',
      directories: ['/var/lib/zookeeper/data', '/var/lib/zookeeper/log', '/etc/kafka'],
      user: { uid: 1000, gid: 1000 },
      serverEnv: { ZOOCFGDIR: '/etc/kafka', ZOOCFG: 'zookeeper.properties', ZOO_LOG_DIR: '/var/log/kafka', ZOO_LOG_LEVEL: 'INFO', SERVER_JVMFLAGS: '' },
      remarks: [],
    })
  })

  it('numbers the members of an ensemble and has limits for them', () => {
    const lists = { ZOOKEEPER_SERVERS: 'a:2888:3888;b:2888:3888', ZOOKEEPER_GROUPS: '1:2', ZOOKEEPER_WEIGHTS: '1;2' }
    const { config, myid } = plan({ ...confluent, ...lists, ZOOKEEPER_SERVER_ID: '2', ZOOKEEPER_SYNC_LIMIT: '9' })
    expect(config.slice(2)).toEqual([
      'clientPort=2181',
      'initLimit=10',
      'syncLimit=9',
      'server.1=a:2888:3888',
      'server.2=b:2888:3888',
      'group.1=1:2',
      'weight.1=1',
      'weight.2=2',
    ])
    expect(myid).toBe('2')
  })

  it.each([
    ['ZOOKEEPER_TICK_TIME', 'tickTime'],
    ['ZOOKEEPER_MAX_CLIENT_CNXNS', 'maxClientCnxns'],
    ['ZOOKEEPER_AUTOPURGE_SNAP_RETAIN_COUNT', 'autopurge.snapRetainCount'],
    ['ZOOKEEPER_JUTE_MAX_BUFFER', 'jute.maxbuffer'],
    ['ZOOKEEPER_FSYNC_WARNING_THRESHOLDMS', 'fsync.warningthresholdms'],
    ['ZOOKEEPER_SSL_KEYSTORE_LOCATION', 'ssl.keyStore.location'],
    ['ZOOKEEPER_SSL_QUORUM_TRUSTSTORE_PASSWORD', 'ssl.quorum.trustStore.password'],
    ['ZOOKEEPER_SSL_OCPS', 'ssl.ocsp'],
    ['ZOOKEEPER_ADMIN_ENABLE_SERVER', 'admin.enableServer'],
  ])('takes %s', (variable, key) => {
    expect(plan({ ...confluent, [variable]: 'x y' }).config.slice(3)).toEqual([`${key}=x y`])
  })

  it('takes properties from KAFKA_OPTS and the log level from its own variable', () => {
    const options = '-Dzookeeper.4lw.commands.whitelist=ruok -Xmx256m'
    const { serverEnv } = plan({ ...confluent, KAFKA_OPTS: options, ZOOKEEPER_LOG4J_ROOT_LOGLEVEL: 'WARN' })
    expect(serverEnv).toMatchObject({ SERVER_JVMFLAGS: options, ZOO_LOG_LEVEL: 'WARN' })
  })

  it('tells what has no effect', () => {
    const env = { ...confluent, ZOOKEEPER_4LW_COMMANDS_WHITELIST: '*', ZOOKEEPER_DATA_DIR: '/x', ZOOKEEPER_LOG4J_LOGGERS: 'a=WARN', KAFKA_HEAP_OPTS: '-Xmx1g' }
    expect(plan(env).remarks).toEqual([
      'ZOOKEEPER_4LW_COMMANDS_WHITELIST: has no effect in cp-zookeeper either; KAFKA_OPTS=-Dzookeeper.4lw.commands.whitelist=… has',
      'ZOOKEEPER_DATA_DIR: not a variable of confluentinc/cp-zookeeper; it has no effect',
      'ZOOKEEPER_LOG4J_LOGGERS: there is one logger, whose level is ZOOKEEPER_LOG4J_ROOT_LOGLEVEL; left out',
      'KAFKA_HEAP_OPTS: there is no JVM; it has no effect',
    ])
  })

  it('refuses what the image refuses', () => {
    expect(() => plan({ ZOOKEEPER_SERVER_ID: '1' })).toThrow(ImageRefused)
    expect(() => plan({ ...confluent, ZOOKEEPER_SERVERS: 'a:1:2;b:1:2' })).toThrow('ZOOKEEPER_SERVER_ID')
  })
})

describe("Bitnami's image", () => {
  it('has its defaults', () => {
    expect(plan(bitnami)).toEqual({
      image: 'bitnami/zookeeper',
      configFile: '/opt/bitnami/zookeeper/conf/zoo.cfg',
      config: [
        'tickTime=2000',
        'initLimit=10',
        'syncLimit=5',
        'preAllocSize=65536',
        'snapCount=100000',
        'dataDir=/bitnami/zookeeper/data',
        'clientPort=2181',
        'maxCnxns=0',
        'maxClientCnxns=60',
        'reconfigEnabled=false',
        'quorumListenOnAllIPs=false',
        'autopurge.purgeInterval=0',
        'autopurge.snapRetainCount=3',
        '4lw.commands.whitelist=srvr, mntr',
        'maxSessionTimeout=40000',
        'admin.serverAddress=127.0.0.1',
        'admin.serverPort=8080',
        'admin.enableServer=false',
      ],
      replacesConfig: false,
      dataDir: '/bitnami/zookeeper/data',
      myid: '1',
      writesMyid: 'into an empty directory',
      directories: ['/bitnami/zookeeper/data', '/opt/bitnami/zookeeper/conf', '/opt/bitnami/zookeeper/logs'],
      user: { uid: 1001, gid: 0 },
      serverEnv: {
        ZOOCFGDIR: '/opt/bitnami/zookeeper/conf',
        ZOO_LOG_DIR: '/opt/bitnami/zookeeper/logs',
        SERVER_JVMFLAGS: '-Dzookeeper.fips-mode=true -Dzookeeper.electionPortBindRetry=0',
        JVMFLAGS: '',
      },
      remarks: [],
    })
  })

  it.each([
    ['zoo1:2888:3888,0.0.0.0:2888:3888', ['server.1=zoo1:2888:3888;2182', 'server.2=0.0.0.0:2888:3888;2182']],
    ['zoo1:2888:3888::4; zoo2:2888:3888:observer::7', ['server.4=zoo1:2888:3888;2182', 'server.7=zoo2:2888:3888:observer;2182']],
    ['[fd15::15]:2888:3888,[fd15::16]:2888:3888:observer', ['server.1=[fd15::15]:2888:3888;2182', 'server.2=[fd15::16]:2888:3888:observer;2182']],
    ['[fd15::15]:2888:3888::4 [::1]:2888:3888::7', ['server.4=[fd15::15]:2888:3888;2182', 'server.7=[::1]:2888:3888;2182']],
    ['zoo1:2888:3888,[fe80::1%eth0]:2888:3888', ['server.1=zoo1:2888:3888;2182', 'server.2=[fe80::1%eth0]:2888:3888;2182']],
    ['[fd15::15]:2888:3888', []],
    ['zoo1:2888:3888', []],
    ['', []],
  ])('takes ZOO_SERVERS=%j', (servers, lines) => {
    const { config, myid } = plan({ ...bitnami, ZOO_SERVERS: servers, ZOO_PORT_NUMBER: '2182', ZOO_SERVER_ID: '7' })
    expect(config.filter((line) => line.startsWith('server.'))).toEqual(lines)
    expect([config.includes('clientPort=2182'), myid]).toEqual([true, '7'])
  })

  it('is known by the form of ZOO_SERVERS', () => {
    expect(() => plan({ ZOO_SERVERS: 'zoo1:2888:3888,zoo2:2888:3888' })).toThrow('ALLOW_ANONYMOUS_LOGIN')
  })

  it('takes switches, any property, and a directory for logs', () => {
    const { config, directories } = plan({
      ALLOW_EMPTY_PASSWORD: 'TRUE',
      ZOO_RECONFIG_ENABLED: '1',
      ZOO_LISTEN_ALLIPS_ENABLED: 'yes',
      ZOO_ENABLE_ADMIN_SERVER: 'no',
      ZOO_ENABLE_PROMETHEUS_METRICS: 'true',
      ZOO_DATA_LOG_DIR: '/bitnami/zookeeper/log',
      ZOO_PEER_TYPE: 'observer',
      ZOO_CFG_snapshot_trust_empty: 'true',
      ZOO_CFG_tickTime: '100',
    })
    expect(config).toEqual(
      expect.arrayContaining([
        'reconfigEnabled=true',
        'quorumListenOnAllIPs=true',
        'admin.enableServer=false',
        'metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider',
        'metricsProvider.httpPort=7000',
        'dataLogDir=/bitnami/zookeeper/log',
        'peerType=observer',
        'snapshot.trust.empty=true',
        'tickTime=100',
      ]),
    )
    expect(config.filter((line) => line.startsWith('tickTime'))).toHaveLength(1)
    expect(directories).toContain('/bitnami/zookeeper/log')
  })

  it('takes TLS as the image writes it', () => {
    const { config } = plan(
      {
        ...bitnami,
        ZOO_TLS_CLIENT_ENABLE: 'yes',
        ZOO_TLS_CLIENT_KEYSTORE_FILE: '/k.jks',
        ZOO_TLS_CLIENT_KEYSTORE_PASSWORD_FILE: '/run/secrets/k',
        ZOO_TLS_QUORUM_ENABLE: 'yes',
        ZOO_TLS_QUORUM_TRUSTSTORE_FILE: '/t.jks',
      },
      { '/run/secrets/k': 'secret\n' },
    )
    expect(config.filter((line) => /^(?:client|ssl|secure|server)/.test(line))).toEqual([
      'client.secure=true',
      'ssl.clientAuth=need',
      'secureClientPort=3181',
      'serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory',
      'ssl.keyStore.location=/k.jks',
      'ssl.keyStore.password=secret',
      'sslQuorum=true',
      'ssl.quorum.clientAuth=need',
      'ssl.quorum.trustStore.location=/t.jks',
    ])
  })

  it('tells what has no effect', () => {
    const env = { ...bitnami, ZOO_MY_ID: '3', ZOO_HEAP_SIZE: '1024', ZOO_CFG_EXTRA: 'a=b', ZOO_TICK_TIME_FILE: '/missing' }
    expect(plan(env).remarks).toEqual([
      'ZOO_TICK_TIME_FILE: /missing cannot be read; left out',
      'ZOO_HEAP_SIZE: there is no JVM; NODE_OPTIONS=--max-old-space-size=<MB> bounds the heap of Node.js',
      'ZOO_CFG_EXTRA: not a variable of bitnami/zookeeper; it has no effect',
      'ZOO_MY_ID: not a variable of bitnami/zookeeper; it has no effect',
    ])
  })

  it.each([
    [{ ZOO_SERVER_ID: '1' }, 'ALLOW_ANONYMOUS_LOGIN'],
    [{ ...bitnami, ZOO_ENABLE_AUTH: 'yes' }, 'SASL is not supported'],
    [{ ...bitnami, ZOO_ENABLE_QUORUM_AUTH: 'true' }, 'SASL is not supported'],
    [{ ...bitnami, ZOO_SERVERS: 'zoo1,zoo2' }, 'zoo1 is not of the form host:port:port'],
    [{ ...bitnami, ZOO_SERVERS: 'a:1:2::1,b:1:2' }, 'b:1:2 is not of the form host:port:port::id'],
    [{ ...bitnami, ZOO_SERVERS: '[::1]:1:2::1,[::2]:1:2' }, '[::2]:1:2 is not of the form host:port:port::id'],
    [{ ...bitnami, ZOO_PEER_TYPE: 'leader' }, 'ZOO_PEER_TYPE'],
  ])('refuses %j', (env: Environment, reason) => {
    expect(() => plan(env)).toThrow(ImageRefused)
    expect(() => plan(env)).toThrow(reason)
  })
})

describe('docs/docker.md', () => {
  const text = readFileSync(new URL('../../../docs/docker.md', import.meta.url), 'utf8')
  const named = [...text.matchAll(/`([A-Z][A-Z0-9_]+)(…?)/g)].map(([, name, more]) => ({ name: name, isGroup: more !== '' }))

  it('names every variable', () => {
    const all = [...officialVariables, ...bitnamiVariables, ...confluentVariables]
    expect(all.filter((variable) => !named.some(({ name, isGroup }) => (isGroup ? variable.startsWith(name) : variable === name)))).toEqual([])
  })

  it('names no other', () => {
    const all = new Set([...officialVariables, ...bitnamiVariables, ...confluentVariables])
    expect(named.filter(({ name, isGroup }) => /^(?:ZOO|ZOOKEEPER|ALLOW)_.*[A-Z0-9]$/.test(name) && !isGroup && !all.has(name))).toEqual([])
  })
})
