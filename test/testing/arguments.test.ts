// What the embedding API is handed in: whatever it cannot mean is refused, by name and value, before anything is started.
import { pino } from 'pino'
import { afterEach, describe, expect, it } from 'vitest'
import { loadSettingsFile, ZooKeeperServer } from '../../src/index.ts'
import type { Settings } from '../../src/index.ts'
import { loadSettings } from '../../src/server/config/load-settings.ts'
import { settingKeys } from '../../src/server/config/settings.ts'
import { startTestEnsemble, startTestServer } from '../../src/testing/index.ts'
import { ensembleFor, serverFor } from '../../src/testing/node-test.ts'

/** As from a program that no compiler has seen. */
const anything = (value: unknown): never => value as never

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

/** Rejects with the class, and with a message that has all the words; what was started by mistake is ended. */
async function refuses(promise: Promise<unknown>, errorClass: typeof TypeError | typeof RangeError, ...words: string[]): Promise<void> {
  const outcome = await promise.then(
    async (server) => {
      await (server as { close?(): Promise<void> } | undefined)?.close?.()
      return 'it was taken'
    },
    (error: unknown) => error,
  )
  expect(outcome).toBeInstanceOf(errorClass)
  for (const word of words) expect((outcome as Error).message).toContain(word)
}

const badSettings: [unknown, typeof TypeError | typeof RangeError, ...string[]][] = [
  [{ tickTime: NaN }, RangeError, 'settings.tickTime', 'NaN'],
  [{ tickTime: -5 }, RangeError, 'settings.tickTime', '-5'],
  [{ tickTime: 0 }, RangeError, 'settings.tickTime', '0'],
  [{ tickTime: 1.5 }, RangeError, 'settings.tickTime', '1.5'],
  [{ tickTime: Infinity }, RangeError, 'settings.tickTime', 'Infinity'],
  [{ tickTime: '500' }, TypeError, 'settings.tickTime', "'500'"],
  [{ tickTime: null }, TypeError, 'settings.tickTime', 'null'],
  [{ tickTime: 500n }, TypeError, 'settings.tickTime', '500n'],
  [{ tickTime: 2 ** 31 - 1 }, RangeError, 'settings.tickTime', '2147483647'],
  [{ 'tickTime.x': 5 }, TypeError, "'tickTime.x'", '5', 'did you mean tickTime?'],
  [{ ticktime: 5 }, TypeError, "'ticktime'", 'did you mean tickTime?'],
  [{ 'autopurge.snapRetainCount': 5 }, TypeError, "'autopurge.snapRetainCount'", 'its name here is autopurgeSnapRetainCount'],
  [{ 'jute.maxbuffer': 5 }, TypeError, "'jute.maxbuffer'", 'its name here is juteMaxBuffer'],
  [{ nonsense: true }, TypeError, "'nonsense'", 'true'],
  [{ __proto__: null, constructor: 5 }, TypeError, "'constructor'"],
  [{ forceSync: 'no' }, TypeError, 'settings.forceSync', "'no'"],
  [{ snapshotCompression: 'zip' }, RangeError, 'settings.snapshotCompression', "'zip'"],
  [{ snapshotSizeFactor: NaN }, RangeError, 'settings.snapshotSizeFactor', 'NaN'],
  [{ fourLetterWords: ['ruok'] }, TypeError, 'settings.fourLetterWords', 'ruok'],
  [{ fourLetterWords: new Set([5]) }, TypeError, 'settings.fourLetterWords[0]', '5'],
  [{ superUsers: 'me' }, TypeError, 'settings.superUsers', "'me'"],
  [{ properties: { a: 'b' } }, TypeError, 'settings.properties', "a: 'b'"],
  [{ digestAlgorithm: 'SHA-0' }, RangeError, 'settings.digestAlgorithm', "'SHA-0'"],
  [{ minSessionTimeout: 500, maxSessionTimeout: 400 }, RangeError, 'settings.minSessionTimeout', '500', '400'],
  ['tickTime=5', TypeError, 'settings', "'tickTime=5'"],
  [[5], TypeError, 'settings', '5'],
  [5, TypeError, 'settings', '5'],
]

describe('settings', () => {
  it.each(badSettings)('%o are refused by all that take settings', async (settings, errorClass, ...words) => {
    await refuses(startTestServer({ settings: anything(settings) }), errorClass, ...words)
    await refuses(startTestEnsemble(1, { settings: anything(settings) }), errorClass, ...words)
    await refuses(
      Promise.resolve().then(() => new ZooKeeperServer(anything(settings))),
      errorClass,
      ...words,
    )
  })

  it.each([
    [{ clientPort: 65_536 }, RangeError, 'settings.clientPort', '65536'],
    [{ clientPort: 'abc' }, TypeError, 'settings.clientPort', "'abc'"],
    [{ dataDir: '' }, RangeError, 'settings.dataDir', "''"],
    [undefined, TypeError, 'settings', 'undefined'],
    [null, TypeError, 'settings', 'null'],
    [{ distributed: true }, TypeError, 'settings.serverId', 'undefined'],
    [{ distributed: true, serverId: 1, initLimit: 5, syncLimit: 5 }, RangeError, 'settings.serverId', '1'],
    [{ servers: [{ sid: 1 }] }, TypeError, 'settings.servers[0].addresses', 'undefined'],
    [{ servers: [{ sid: 1, addresses: [], learnerType: 'participant' }] }, RangeError, 'settings.servers[0].addresses', '[]'],
    [{ servers: [serverLine(1, { quorumPort: -1 })] }, RangeError, 'settings.servers[0].addresses[0].quorumPort', '-1'],
    [{ servers: [serverLine(1, { quorumPort: 3888 })] }, RangeError, 'settings.servers[0]', '3888'],
    [{ servers: [serverLine(1), serverLine(1)] }, RangeError, 'settings.servers[1].sid', '1'],
    [{ servers: [{ ...serverLine(1), learnerType: 'leader' }] }, RangeError, 'settings.servers[0].learnerType', "'leader'"],
    [{ servers: [serverLine(1)], distributed: true, serverId: 1, syncLimit: 5 }, RangeError, 'settings.initLimit', '0'],
    [{ servers: [serverLine(1)], distributed: true, serverId: 1, initLimit: 5 }, RangeError, 'settings.syncLimit', '0'],
    [{ groups: new Map([[1, [NaN]]]) }, RangeError, 'settings.groups.get(1)[0]', 'NaN'],
    [{ weights: new Map([[1, -1]]) }, RangeError, 'settings.weights.get(1)', '-1'],
  ] as [unknown, typeof TypeError, ...string[]][])('%o are refused by the server', (settings, errorClass, ...words) => {
    let error: unknown
    try {
      error = new ZooKeeperServer(anything(settings))
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(errorClass)
    for (const word of words) expect((error as Error).message).toContain(word)
  })

  it.each([
    ['clientPort', 2181, 'the option port'],
    ['dataDir', '/tmp/x', 'an option of its own'],
    ['clientPortAddress', '0.0.0.0', '127.0.0.1'],
    ['servers', [], 'ensemble'],
    ['distributed', true, 'ensemble'],
    ['serverId', 1, 'ensemble|numbered'],
  ])('%s is what a test server, or an ensemble, sets itself', async (field, value, advice) => {
    await refuses(startTestServer({ settings: { [field]: value } }), TypeError, `settings.${field}`, advice.split('|')[0])
    await refuses(startTestEnsemble(1, { settings: { [field]: value } }), TypeError, `settings.${field}`)
  })

  it('that are undefined count as left out', async () => {
    const server = await startTestServer({ port: undefined, log: undefined, settings: { tickTime: undefined, syncLimit: undefined } })
    cleanups.push(() => server.close())
    expect(server.port).toBeGreaterThan(0)
    expect(new ZooKeeperServer({ tickTime: undefined }).settings.tickTime).toBe(3000)
  })

  it('of a file, complete, are taken, and those with which Java starts', () => {
    const lines = [
      'dataDir=/d',
      'flushDelay=-1',
      'autopurge.purgeInterval=-1',
      'snapSizeLimitInKb=-1',
      'maxClientCnxns=-1',
      'server.1=a:1:2',
      'server.2=b:1:2',
      'initLimit=5',
      'syncLimit=2',
    ]
    const { settings } = loadSettings({ text: lines.join('\n'), path: 'zoo.cfg', readText: (path) => (path.endsWith('myid') ? '1\n' : undefined) })
    expect(new ZooKeeperServer(settings).settings).toEqual(settings)
  })

  it('can all be given by their names', () => {
    const { settings } = loadSettings({ text: 'dataDir=/d\n', path: 'zoo.cfg' })
    for (const field of Object.keys(settingKeys) as (keyof Settings)[]) {
      expect(new ZooKeeperServer({ [field]: settings[field] }).settings[field], field).toEqual(settings[field])
    }
  })
})

describe('startTestServer', () => {
  it.each([
    [{ port: 'abc' }, TypeError, 'options.port', "'abc'"],
    [{ port: -1 }, RangeError, 'options.port', '-1'],
    [{ port: 65_536 }, RangeError, 'options.port', '65536'],
    [{ port: 1.5 }, RangeError, 'options.port', '1.5'],
    [{ port: NaN }, RangeError, 'options.port', 'NaN'],
    [{ dataDir: 5 }, TypeError, 'options.dataDir', '5'],
    [{ dataDir: '' }, RangeError, 'options.dataDir', "''"],
    [{ log: console.log }, TypeError, 'options.log', 'log'],
    [{ log: {} }, TypeError, 'options.log', '{}'],
    [{ settings: null }, TypeError, 'settings', 'null'],
    [{ tickTime: 500 }, TypeError, "'tickTime'", '500'],
    [{ Port: 500 }, TypeError, "'Port'", 'did you mean port?'],
    [2181, TypeError, 'options', '2181'],
    [null, TypeError, 'options', 'null'],
    ['127.0.0.1:2181', TypeError, 'options', "'127.0.0.1:2181'"],
  ] as [unknown, typeof TypeError, ...string[]][])('refuses %o', async (options, errorClass, ...words) => {
    await refuses(startTestServer(anything(options)), errorClass, ...words)
    await refuses(serverFor({ after: () => undefined }, anything(options)), errorClass, ...words)
  })

  it('takes any logger of pino', async () => {
    const server = await startTestServer({ log: pino({ level: 'silent' }) })
    await server.close()
  })
})

describe('startTestEnsemble', () => {
  it.each([
    [0, RangeError, 'size', '0'],
    [1.5, RangeError, 'size', '1.5'],
    [-3, RangeError, 'size', '-3'],
    [256, RangeError, 'size', '256'],
    [NaN, RangeError, 'size', 'NaN'],
    ['3', TypeError, 'size', "'3'"],
    [null, TypeError, 'size', 'null'],
    [{ observers: 1 }, TypeError, 'size', 'observers: 1'],
  ] as [unknown, typeof TypeError, ...string[]][])('refuses a size of %o', async (size, errorClass, ...words) => {
    await refuses(startTestEnsemble(anything(size)), errorClass, ...words)
    await refuses(ensembleFor({ after: () => undefined }, anything(size)), errorClass, ...words)
  })

  it.each([
    [{ observers: -1 }, RangeError, 'options.observers', '-1'],
    [{ observers: 1.5 }, RangeError, 'options.observers', '1.5'],
    [{ observers: '1' }, TypeError, 'options.observers', "'1'"],
    [{ observers: 255 }, RangeError, 'options.observers', '255'],
    [{ running: [4] }, RangeError, 'options.running', '4'],
    [{ running: ['1'] }, TypeError, 'options.running', "'1'"],
    [{ running: [1, 1] }, RangeError, 'options.running', '1'],
    [{ running: 1 }, TypeError, 'options.running', '1'],
    [{ timeoutMs: -1 }, RangeError, 'options.timeoutMs', '-1'],
    [{ timeoutMs: NaN }, RangeError, 'options.timeoutMs', 'NaN'],
    [{ timeoutMs: '10 s' }, TypeError, 'options.timeoutMs', "'10 s'"],
    [{ size: 3 }, TypeError, "'size'", '3'],
    [{ dataDir: false }, TypeError, 'options.dataDir', 'false'],
    [null, TypeError, 'options', 'null'],
    [3, TypeError, 'options', '3'],
  ] as [unknown, typeof TypeError, ...string[]][])('refuses the options %o', async (options, errorClass, ...words) => {
    await refuses(startTestEnsemble(3, anything(options)), errorClass, ...words)
  })
})

describe('loadSettingsFile', () => {
  it.each([
    [undefined, {}, TypeError, 'path', 'undefined'],
    ['', {}, RangeError, 'path', "''"],
    [new URL('file:///zoo.cfg'), {}, TypeError, 'path', 'URL'],
    ['zoo.cfg', { properties: { a: 'b' } }, TypeError, 'options.properties', "a: 'b'"],
    ['zoo.cfg', { workingDirectory: 5 }, TypeError, 'options.workingDirectory', '5'],
    ['zoo.cfg', { cwd: '/' }, TypeError, "'cwd'", "'/'"],
    ['zoo.cfg', null, TypeError, 'options', 'null'],
  ] as [unknown, unknown, typeof TypeError, ...string[]][])('refuses %o with %o', async (path, options, errorClass, ...words) => {
    await refuses(
      Promise.resolve().then(() => loadSettingsFile(anything(path), anything(options))),
      errorClass,
      ...words,
    )
  })
})

describe('a test ensemble', () => {
  it('knows its members', async () => {
    const ensemble = await startTestEnsemble(1, { observers: 1 })
    cleanups.push(() => ensemble.close())
    for (const verb of ['start', 'stop', 'kill', 'restart'] as const) {
      await refuses(ensemble[verb](99), RangeError, 'id', 'there is no member 99')
      await refuses(ensemble[verb](1.5), RangeError, 'id', '1.5')
      await refuses(ensemble[verb](anything('1')), TypeError, 'id', "'1'")
      await refuses(ensemble[verb](anything(undefined)), TypeError, 'id', 'undefined')
    }
    for (const verb of ['pause', 'resume'] as const) {
      expect(() => ensemble[verb](0)).toThrow(RangeError)
      expect(() => ensemble[verb](anything('1'))).toThrow(TypeError)
    }
    expect(() => ensemble.partition([1], [99])).toThrow(new RangeError('groups[1][0]: there is no member 99, members are 1 to 2'))
    expect(() => ensemble.partition([1, 2], [2])).toThrow(RangeError)
    expect(() => ensemble.partition(anything(1), anything(2))).toThrow(TypeError)
    expect(() => ensemble.partition(anything('1'))).toThrow(TypeError)
    expect(() => ensemble.partition([anything('1')])).toThrow(TypeError)
    expect(() => ensemble.cut(1, 3)).toThrow(RangeError)
    expect(() => ensemble.cut(anything('1'), 2)).toThrow(TypeError)
    expect(() => ensemble.cut(1, 1)).toThrow(RangeError)
    expect((await ensemble.leader()).id).toBe(1)
    expect(ensemble.members.map(({ role }) => role)).toEqual(['leader', 'observer'])
  })
})

describe('the id of a session', () => {
  const bad: [unknown, typeof TypeError | typeof RangeError][] = [
    [5, TypeError],
    [0x1000_0000_0000, TypeError],
    [null, TypeError],
    [undefined, TypeError],
    [{}, TypeError],
    [[1], TypeError],
    ['', RangeError],
    ['0x', RangeError],
    ['not hex', RangeError],
    ['-1', RangeError],
    ['10000000000000000', RangeError],
    [2n ** 64n, RangeError],
    [-(2n ** 63n) - 1n, RangeError],
    [Buffer.alloc(7), RangeError],
    [Buffer.alloc(9), RangeError],
  ]

  it.each(bad)('is not %o', async (id, errorClass) => {
    const server = await startTestServer()
    cleanups.push(() => server.close())
    await refuses(server.expireSession(anything(id)), errorClass, 'sessionId')
    await refuses(new ZooKeeperServer({}).expireSession(anything(id)), errorClass, 'sessionId')
  })

  it('is not 5 on an ensemble either', async () => {
    const ensemble = await startTestEnsemble(1)
    cleanups.push(() => ensemble.close())
    await refuses(ensemble.expireSession(anything(5)), TypeError, 'sessionId', '5')
    expect(await ensemble.expireSession(5n)).toBe(false)
  })
})

describe('what belongs to a test', () => {
  it('needs something that has its end', async () => {
    for (const test of [undefined, null, {}, { after: 5 }]) {
      await refuses(serverFor(anything(test)), TypeError, 'test')
      await refuses(ensembleFor(anything(test)), TypeError, 'test')
    }
  })
})

function serverLine(sid: number, address: object = {}): object {
  return { sid, addresses: [{ host: '127.0.0.1', quorumPort: 2888, electionPort: 3888, ...address }], learnerType: 'participant', clientAddress: undefined }
}
