import { describe, expect, test } from 'vitest'
import { readJvmFlags } from '../../../src/server/config/jvm-flags.ts'
import { loadSettings } from '../../../src/server/config/load-settings.ts'
import type { ConfigSource } from '../../../src/server/config/load-settings.ts'
import { defaultSettings, settingKeys } from '../../../src/server/config/settings.ts'
import type { Settings } from '../../../src/server/config/settings.ts'

const load = (text: string, more: Partial<ConfigSource> = {}) => loadSettings({ path: '/etc/zoo.cfg', text: `dataDir=/d\n${text}`, ...more })
const providers = 'org.apache.zookeeper.server.auth.'
const netty = 'org.apache.zookeeper.server.NettyServerCnxnFactory'
const settings = (text: string, more?: Partial<ConfigSource>): Settings => load(text, more).settings

describe('settings', () => {
  test('the sample file of ZooKeeper', () => {
    expect(settings('tickTime=2000\ninitLimit=10\nsyncLimit=5\nclientPort=2181\n# comment\n')).toMatchObject({
      tickTime: 2000,
      initLimit: 10,
      syncLimit: 5,
      clientPort: 2181,
      clientPortAddress: undefined,
      dataDir: '/d',
      dataLogDir: '/d',
      minSessionTimeout: 4000,
      maxSessionTimeout: 40_000,
      maxClientCnxns: 60,
      distributed: false,
    })
  })

  test('every property row is read from its own key', () => {
    const wrong: string[] = []
    for (const [field, row] of Object.entries(settingKeys)) {
      if (row.kind !== 'property' || !row.names[0].startsWith('zookeeper.')) continue
      const key = row.names[0].slice('zookeeper.'.length)
      // What some values need beside them: schemes that can be demanded.
      const beside = `${key === 'enforce.auth.schemes' ? '' : 'enforce.auth.schemes=ip\n'}authProvider.1=${providers}SASLAuthenticationProvider\n`
      const before = settings(beside)[field as keyof Settings]
      const changed = ['1501', 'true', 'false', 'yes', 'no', 'gz', '0.5', 'x', 'SHA-256', netty].some((value) => {
        try {
          return settings(`${beside}${key}=${value}`)[field as keyof Settings] !== before
        } catch {
          return false
        }
      })
      if (!changed) wrong.push(field)
    }
    expect(wrong).toEqual([])
  })

  test('every typed row is read from its own key', () => {
    const wrong: string[] = []
    for (const [field, row] of Object.entries(settingKeys)) {
      if (row.kind !== 'typed') continue
      const before = settings('')[field as keyof Settings]
      const changed = ['1501', 'true', 'false', '/x', 'observer', 'org.apache.zookeeper.metrics.impl.NullMetricsProvider'].some((value) => {
        try {
          const secure = row.key.startsWith('secureClientPortA') ? 'secureClientPort=1\n' : row.key === 'clientPortAddress' ? 'clientPort=1\n' : ''
          const sasl = row.key.includes('RequireSasl') ? 'quorum.auth.enableSasl=true\nquorum.auth.learnerRequireSasl=true\n' : ''
          const member = row.key === 'standaloneEnabled' ? 'server.1=h:1:2\ninitLimit=1\nsyncLimit=1\n' : ''
          const low = row.key === 'maxSessionTimeout' ? 'minSessionTimeout=1\n' : ''
          const options = { readText: (path: string) => (path === '/x' ? '' : row.key === 'standaloneEnabled' ? '1' : undefined) }
          return settings(`${secure}${sasl}${member}${low}${row.key}=${value}`, options)[field as keyof Settings] !== before
        } catch {
          return false
        }
      })
      // Any other value of electionAlg is refused; see the refusals. peerType gives way to the list of servers.
      if (!changed && field !== 'electionAlg' && field !== 'peerType') wrong.push(field)
    }
    expect(wrong).toEqual([])
  })

  test('are frozen', () => {
    expect(Object.isFrozen(defaultSettings())).toBe(true)
  })

  test('values that hang on others', () => {
    expect(defaultSettings({ tickTime: 500, dataDir: '/x', juteMaxBuffer: 100, flushDelayMs: 10 })).toMatchObject({
      minSessionTimeout: 1000,
      maxSessionTimeout: 10_000,
      dataLogDir: '/x',
      juteMaxBufferExtraSize: 1024,
      maxWriteQueuePollTimeMs: 3,
    })
    expect(defaultSettings().juteMaxBufferExtraSize).toBe(0xfffff)
    expect(defaultSettings({ connectionThrottleLocalSessionWeight: 5, connectionThrottleRenewSessionWeight: -1 })).toMatchObject({
      connectionThrottleGlobalSessionWeight: 5,
      connectionThrottleLocalSessionWeight: 5,
      connectionThrottleRenewSessionWeight: 2,
    })
  })
})

describe('values of properties', () => {
  test.each([
    ['snapCount=0x10', 'snapCount', 16],
    ['snapCount=#ff', 'snapCount', 255],
    ['snapCount=010', 'snapCount', 8],
    ['snapCount=-5', 'snapCount', 2],
    ['snapCount=5k', 'snapCount', 100_000],
    ['snapCount=3000000000', 'snapCount', 100_000],
    ['preAllocSize=0x10', 'preAllocSizeKb', 65_536],
    ['preAllocSize=64', 'preAllocSizeKb', 64],
    ['digest.enabled=TRUE', 'digestEnabled', true],
    ['digest.enabled=yes', 'digestEnabled', false],
    ['skipACL=yes', 'skipAcl', true],
    ['skipACL=true', 'skipAcl', false],
    ['forceSync=no', 'forceSync', false],
    ['forceSync=false', 'forceSync', true],
    ['admin.enableServer=False', 'adminEnableServer', true],
    ['admin.enableServer=false', 'adminEnableServer', false],
    ['snapshot.compression.method=GZ', 'snapshotCompression', 'gz'],
    ['snapshot.compression.method=zip', 'snapshotCompression', ''],
    ['commitLogCount=5', 'commitLogCount', 500],
    ['snapshotSizeFactor=1.5', 'snapshotSizeFactor', 0.33],
    ['snapshotSizeFactor=-1', 'snapshotSizeFactor', -1],
    ['largeRequestThreshold=0', 'largeRequestThreshold', -1],
    ['maxCnxns=-1', 'maxCnxns', 0],
    ['jute.maxbuffer=4194304', 'juteMaxBuffer', 4_194_304],
    ['jute.maxbuffer.extrasize=2048', 'juteMaxBufferExtraSize', 2048],
    ['tskeeper.outgoingCloseBytes=5000', 'outgoingCloseBytes', 5000],
    ['tskeeper.outgoingCloseBytes=0', 'outgoingCloseBytes', 67_108_864],
    ['znode.container.checkIntervalMs=5', 'containerCheckIntervalMs', 60_000],
    ['readonlymode.enabled=true', 'readOnlyModeEnabled', false],
    ['autopurge.snapRetainCount=2', 'autopurgeSnapRetainCount', 3],
    ['observerMasterPort=-4', 'observerMasterPort', 0],
  ] as [string, keyof Settings, unknown][])('%s', (line, field, expected) => {
    expect(settings(line)[field]).toBe(expected)
  })

  test('garbage is warned about where Java does', () => {
    const { warnings, errors } = load('snapCount=1\npreAllocSize=x\ncommitLogCount=y\nmaxCnxns=-1\nlargeRequestMaxBytes=0\nauthProvider.1=a.B\n')
    expect(warnings).toEqual(
      expect.arrayContaining([
        'SnapCount should be 2 or more. Now, snapCount is reset to 2',
        'x is not a valid value for preAllocSize',
        'maxCnxns should be greater than or equal to 0, using default value 0.',
        'Invalid max bytes for all large requests 0. It should be a positive number.',
        'Problems loading a.B',
      ]),
    )
    expect(errors).toEqual(['Error parsing zookeeper.commitLogCount - use default value 500'])
  })

  test('the last of two lines counts, keys have case, values are trimmed', () => {
    expect(settings('maxClientCnxns=1\nmaxClientCnxns = 2 \nMaxClientCnxns=3')).toMatchObject({ maxClientCnxns: 2 })
  })

  test('zoo.cfg wins over -D of the same name, and -D reaches what zoo.cfg cannot', () => {
    const { properties } = readJvmFlags(
      '-Dzookeeper.snapCount=7 -Xmx1g',
      '-Dzookeeper.snapCount=8 -Djute.maxbuffer=99 -Dreadonlymode.enabled=true -Dznode.container.maxPerMinute=3',
    )
    expect(settings('', { properties })).toMatchObject({ snapCount: 8, juteMaxBuffer: 99, readOnlyModeEnabled: true, containerMaxPerMinute: 3 })
    expect(settings('snapCount=9', { properties }).snapCount).toBe(9)
    expect(settings('jute.maxbuffer=5', { properties }).juteMaxBuffer).toBe(99)
  })

  test('the whitelist', () => {
    expect(settings('').fourLetterWords).toEqual(new Set(['srvr']))
    expect(settings('4lw.commands.whitelist=ruok,  mntr ,, foo').fourLetterWords).toEqual(new Set(['ruok', 'mntr', 'foo', 'srvr']))
    expect(settings('4lw.commands.whitelist=ruok, *').fourLetterWords).toBe('all')
    expect(settings('', { properties: new Map([['readonlymode.enabled', 'true']]) }).fourLetterWords).toEqual(new Set(['isro', 'srvr']))
  })

  test('authentication', () => {
    const loaded = settings(
      [
        'authProvider.1=org.apache.zookeeper.server.auth.EnsembleAuthenticationProvider',
        'authProvider.x=org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
        'sessionRequireClientSASLAuth=true',
        'ensembleAuthName=a, b',
        'superUser=s1',
        'superUser.2=s2',
        'DigestAuthenticationProvider.superDigest=super:xQJmxLMiHGwaqBvst5y6rkB6HQs=',
      ].join('\n'),
    )
    expect(loaded).toMatchObject({
      enforceAuthEnabled: true,
      enforceAuthSchemes: ['sasl'],
      ensembleAuthName: new Set(['a', 'b']),
      superUsers: ['s1', 's2'],
      superDigest: 'super:xQJmxLMiHGwaqBvst5y6rkB6HQs=',
    })
    expect(loaded.authProviders).toHaveLength(2)
    expect(settings('secureClientPort=1').authProviders).toEqual(['org.apache.zookeeper.server.auth.X509AuthenticationProvider'])
  })

  test('what has no field of its own stays readable', () => {
    const loaded = settings('ssl.keyStore.location=/k\nmetricsProvider.httpPort=7000\nunknown.key=1')
    expect(loaded.properties.get('zookeeper.ssl.keyStore.location')).toBe('/k')
    expect(loaded.properties.get('zookeeper.unknown.key')).toBe('1')
    expect(loaded.metricsProviderConfiguration).toEqual(new Map([['httpPort', '7000']]))
  })
})

describe('one server or several', () => {
  const three = 'server.1=a:1:2\nserver.10=c:1:2:observer\nserver.2=b:1:2;0.0.0.0:2182\n'

  test('several voters make it distributed', () => {
    const loaded = load(`${three}server.3=[::1]:5:6;[::1]:2183\nserver.4=d:1:2\ninitLimit=1\nsyncLimit=1\ngroup.1=1:2\ngroup.2=3:4\nweight.4=0`, {
      readText: (path) => (path === '/d/myid' ? '2\n' : undefined),
    })
    expect(loaded.settings).toMatchObject({ distributed: true, serverId: 2, clientPort: 2182, clientPortAddress: '0.0.0.0' })
    expect(loaded.settings.servers.map((server) => server.sid)).toEqual([1, 2, 3, 4, 10])
    expect(loaded.settings.servers[2]).toEqual({
      sid: 3,
      addresses: [{ host: '::1', quorumPort: 5, electionPort: 6 }],
      learnerType: 'participant',
      clientAddress: { host: '::1', port: 2183 },
    })
    expect(loaded.settings.groups).toEqual(
      new Map([
        [1, [1, 2]],
        [2, [3, 4]],
      ]),
    )
    expect(loaded.settings.weights).toEqual(new Map([[4, 0]]))
    expect(loaded.warnings).toEqual(['Non-optimal configuration, consider an odd number of servers.'])
  })

  test('one line runs standalone, on the port of the line where myid names it', () => {
    const line = 'server.1=127.0.0.1:24183:24184;24185'
    const one = load(line, { readText: () => '1' })
    expect(one.settings).toMatchObject({ distributed: false, clientPort: 24_185, clientPortAddress: '0.0.0.0' })
    expect(one.errors).toEqual(['Invalid configuration, only one server specified (ignoring)'])
    expect(one.warnings).toEqual(['Either no config or no quorum defined in config, running in standalone mode'])
    expect(settings(line).clientPort).toBeUndefined()
    expect(settings('clientPort=24185\nserver.1=127.0.0.1:24183:24184', { readText: () => '1' }).clientPort).toBe(24_185)
  })

  test('several addresses work from the file, where Java fails', () => {
    const text = 'multiAddress.enabled=true\nserver.1=a:1:2|b:3:4'
    expect(settings(text).servers[0].addresses).toHaveLength(2)
  })

  test('two voters are warned about, an observer by key is corrected', () => {
    const { warnings, settings: loaded } = load('server.1=a:1:2\nserver.2=b:1:2\ninitLimit=1\nsyncLimit=1\npeerType=observer', { readText: () => '1' })
    expect(warnings).toEqual([
      'No server failure will be tolerated. You need at least 3 servers.',
      "Peer type from servers list (PARTICIPANT) doesn't match peerType (OBSERVER). Defaulting to servers list.",
    ])
    expect(loaded.peerType).toBe('participant')
  })

  test('the dynamic file holds the lines', () => {
    const readText = (path: string) => (path === '/z.cfg.dynamic.1' ? 'server.1=a:1:2;2181\nserver.2=b:1:2' : path === '/d/myid' ? '1' : undefined)
    expect(settings('dynamicConfigFile=/z.cfg.dynamic.1\ninitLimit=1\nsyncLimit=1', { readText })).toMatchObject({ distributed: true, clientPort: 2181 })
  })

  // As QuorumPeerConfig of 3.9.6 answers each of them.
  test.each([
    ['/z.cfg.dynamic.100000000', 0x1_0000_0000n],
    ['/z.cfg.dynamic', 0n],
    ['/z.cfg.dynamic.', 0n],
    ['/members', 0n],
    ['/members.bad', 0xbadn],
    ['/conf.d/members', 0n],
    ['/conf.abc/abc', 0n],
    ['/m.+5', 5n],
    ['/m.8000000000000000', 0n],
    ['/m.7fffffffffffffff', 0x7fff_ffff_ffff_ffffn],
  ])('the dynamic file %s gives its lines the version %s', (path, version) => {
    const readText = (asked: string) => (asked === path ? 'server.1=a:1:2;2181\nserver.2=b:1:2' : asked === '/d/myid' ? '1' : undefined)
    expect(settings(`dynamicConfigFile=${path}\nversion=77\ninitLimit=1\nsyncLimit=1`, { readText }).configVersion).toBe(version)
  })

  test.each([
    ['', 0n],
    ['version=100000001', 0x1_0000_0001n],
    ['version=ABC', 0xabcn],
    ['version=-5', -5n],
  ])('lines in zoo.cfg itself have the version beside them: %j', (line, version) => {
    expect(settings(`server.1=a:1:2\n${line}`).configVersion).toBe(version)
  })
})

describe('an IPv6 address', () => {
  // As InetAddress.getByName: brackets are none of it.
  test.each([
    ['[::1]', '::1'],
    ['::1', '::1'],
    ['[fd15::15]', 'fd15::15'],
    ['[127.0.0.1]', '[127.0.0.1]'],
    ['zoo1', 'zoo1'],
  ])('clientPortAddress=%s', (text, address) => {
    expect(settings(`clientPort=2181\nclientPortAddress=${text}`).clientPortAddress).toBe(address)
  })

  test.each([
    ['[fd15::15]:2888:3888', undefined],
    ['[fd15::15]:2888:3888:participant', undefined],
    ['[fd15::15]:2888:3888;2181', { host: '0.0.0.0', port: 2181 }],
    ['[fd15::15]:2888:3888;[::1]:2181', { host: '::1', port: 2181 }],
  ])('server.1=%s', (text, clientAddress) => {
    const [line] = settings(`server.1=${text}`).servers
    expect(line).toEqual({ sid: 1, addresses: [{ host: 'fd15::15', quorumPort: 2888, electionPort: 3888 }], learnerType: 'participant', clientAddress })
  })
})

describe('lines for the log', () => {
  test('what Java writes at start', () => {
    expect(load('clientPort=2181\nclientPortAddress=127.0.0.1\nautopurge.purgeInterval=0')).toMatchObject({
      notices: [
        'Reading configuration from: /etc/zoo.cfg',
        'clientPortAddress is 127.0.0.1:2181',
        'secureClientPort is not set',
        'observerMasterPort is not set',
        'metricsProvider.className is org.apache.zookeeper.metrics.impl.DefaultMetricsProvider',
        'autopurge.snapRetainCount set to 3',
        'autopurge.purgeInterval set to 0',
        'Purge task is not scheduled.',
      ],
      warnings: ['Either no config or no quorum defined in config, running in standalone mode'],
      errors: [],
    })
    expect(load('').notices).toContain('clientPort is not set')
  })

  test('relative paths', () => {
    const loaded = loadSettings({ text: 'dataDir=data/\ndataLogDir=./log', path: 'zoo.cfg', workingDirectory: '/w' })
    expect(loaded.warnings).toEqual(
      expect.arrayContaining(["zoo.cfg is relative. Prepend ./ to indicate that you're sure!", "data/ is relative. Prepend ./ to indicate that you're sure!"]),
    )
    expect(loaded.settings).toMatchObject({ dataDir: '/w/data', dataLogDir: '/w/log' })
  })

  test.each([
    ['requestThrottleLimit', 'requestThrottleLimit has no effect; the key that works is request_throttle_max_requests'],
    ['requireClientAuthScheme', 'requireClientAuthScheme has no effect; the key that works is enforce.auth.schemes'],
    ['zookeeper.snapCount', 'zookeeper.snapCount has no effect in a configuration file, where names go without the prefix: write snapCount'],
    ['readonlymode.enabled', 'readonlymode.enabled has no effect in a configuration file: set -Dreadonlymode.enabled=… in SERVER_JVMFLAGS'],
    [
      'znode.container.maxPerMinute',
      'znode.container.maxPerMinute has no effect in a configuration file: set -Dznode.container.maxPerMinute=… in SERVER_JVMFLAGS',
    ],
    ['nio.numWorkerThreads', 'nio.numWorkerThreads is accepted and ignored: it tunes what this server does not have'],
    ['jute.maxbuffer', 'jute.maxbuffer is taken from the configuration file; Apache ZooKeeper takes it from -Djute.maxbuffer only'],
  ])('a key without effect, %s, is told of once', (key, notice) => {
    expect(load(`${key}=1`).notices.filter((line) => line.includes(key))).toEqual([notice])
  })

  test('unknown keys are not', () => {
    expect(load('foo.bar=1').notices.join()).not.toContain('foo.bar')
  })

  test('flags for a JVM are told of in one line, without their values', () => {
    const flags = readJvmFlags('-Xmx1g  -Dcom.sun.x=secret -Dleader.nodelay=true', '-Dzookeeper.a=b=c -Dtskeeper.turnMaxBytes=9 -ea -Dzookeeper.flag')
    expect(flags.notices).toEqual(['Ignoring flags that only mean something to a JVM: -Xmx1g -Dcom.sun.x=… -ea'])
    expect(flags.properties).toEqual(
      new Map([
        ['zookeeper.a', 'b=c'],
        ['tskeeper.turnMaxBytes', '9'],
        ['zookeeper.flag', ''],
      ]),
    )
    expect(settings('', { properties: flags.properties }).turnMaxBytes).toBe(9)
    expect(readJvmFlags(undefined, undefined).notices).toEqual([])
  })
})
