// What Java does not tell about a mistake: the key, the file, the line, and what is wrong with the value.
import { describe, expect, it, test } from 'vitest'
import { ConfigRefused } from '../../../src/server/config/config-refused.ts'
import { loadSettings, settingsFromArguments } from '../../../src/server/config/load-settings.ts'
import { nearestKey } from '../../../src/server/config/known-keys.ts'

const base = 'dataDir=/d\nclientPort=2181\n'
const three = 'initLimit=5\nsyncLimit=2\nserver.1=127.0.0.1:1:2\nserver.2=127.0.0.1:3:4\nserver.3=127.0.0.1:5:6\n'

type Files = Readonly<Record<string, string>>

function refusal(act: () => unknown): ConfigRefused {
  try {
    act()
  } catch (error) {
    if (error instanceof ConfigRefused) return error
    throw error
  }
  throw new Error('was not refused')
}

const load = (text: string, files: Files = {}, properties: ReadonlyMap<string, string> = new Map()) =>
  loadSettings({ text, path: 'zoo.cfg', readText: (path) => files[path], properties })

const warnings = (text: string, files: Files = {}): string[] => load(text, files).warnings.filter((line) => !/^Either no config| is relative/.test(line))

describe('a value that is refused', () => {
  test.each([
    ['tickTime=abc', "zoo.cfg:1: tickTime must be a number, got 'abc'"],
    ['# one\n\n  initLimit = 2000 # x', "zoo.cfg:3: initLimit must be a number, got '2000 # x'; a comment needs a line of its own"],
    ['tickTime=1\ntickTime=2.5', "zoo.cfg:2: tickTime must be a number, got '2.5'"],
    ['dataDir=\\\n  /d\nsyncLimit=', "zoo.cfg:3: syncLimit must be a number, got ''"],
    ['tickTime=99999999999', "zoo.cfg:1: tickTime must be a smaller number, got '99999999999'"],
    ['autopurge.purgeInterval=1h', "zoo.cfg:1: autopurge.purgeInterval must be a number, got '1h'"],
    ['reconfigEnabled=yes', "zoo.cfg:1: reconfigEnabled must be true or false, got 'yes'"],
    ['peerType=foo', "zoo.cfg:1: peerType must be participant or observer, got 'foo'"],
    ['connection_throttle_drop_increase=abc', "zoo.cfg:1: connection_throttle_drop_increase must be a number, got 'abc'"],
    ['dataDir=/d\nclientPort=70000', "zoo.cfg:2: clientPort must be from 0 to 65535, got '70000'"],
    ['dataDir=/d\ntickTime=0', "zoo.cfg:2: tickTime must be above 0, got '0'"],
    [
      `${base}server.1=127.0.0.1:a:6`,
      "zoo.cfg:3: server.1 must be server.<number>=<host>:<quorum port>:<election port>[:<role>][;[<host>:]<client port>], got '127.0.0.1:a:6'",
    ],
    [`${base}${three}group.1=1:x`, "zoo.cfg:8: group.1 must be group.<number>=<server>:<server>…, got '1:x'"],
    [`${base}minSessionTimeout=9\nmaxSessionTimeout=8`, "zoo.cfg:3: minSessionTimeout must not be above maxSessionTimeout, which is 8 ms, got '9'"],
  ])('%j: %s', (text, hint) => {
    expect(refusal(() => load(text))).toMatchObject({ hint })
  })

  it('is told of beside the sentence of Java, on one line', () => {
    const { reason } = refusal(() => load('tickTime=abc'))
    expect(reason).toBe(`Error processing zoo.cfg: For input string: "abc" (zoo.cfg:1: tickTime must be a number, got 'abc')`)
  })

  it('may stand in the dynamic file, in myid or in an argument', () => {
    const dynamic = `${base}dynamicConfigFile=/dyn`
    expect(refusal(() => load(dynamic, { '/dyn': '\nserver.x=127.0.0.1:5:6' })).hint).toMatch(/^\/dyn:2: server\.x must be server\.<number>=/)
    expect(refusal(() => load(dynamic, { '/dyn': 'server.1=a:5:6\nfoo=1' })).hint).toBe('/dyn:2')
    expect(refusal(() => load(base + three, { '/d/myid': 'one\n' })).hint).toBe("zoo.cfg: /d/myid must hold one number and nothing else, got 'one'")
    expect(refusal(() => settingsFromArguments(['abc', '/d'])).hint).toBe("the argument port must be a number, got 'abc'")
  })
})

describe('a property of which Java takes the default without a word', () => {
  test.each([
    ['snapCount=abc', "zoo.cfg:3: snapCount must be a number, got 'abc'; using the default"],
    ['globalOutstandingLimit=', "zoo.cfg:3: globalOutstandingLimit must be a number, got ''; using the default"],
    ['cnxTimeout=0', "zoo.cfg:3: cnxTimeout must be a number of 1 or more, got '0'; using the default"],
    ['digest.enabled=yes', "zoo.cfg:3: digest.enabled must be true or false, got 'yes'; taken for false"],
    ['maxCnxns=-1', 'maxCnxns should be greater than or equal to 0, using default value 0.'],
  ])('%s: %s', (line, warning) => {
    expect(warnings(base + line)).toEqual([warning])
  })

  it('is named as a flag where it is one', () => {
    const properties = new Map([['jute.maxbuffer', '4m']])
    expect(load(base, {}, properties).warnings).toContain("-Djute.maxbuffer must be a number, got '4m'; using the default")
  })

  it('says nothing of values that are right', () => {
    expect(warnings(`${base}snapCount=0x10\ncnxTimeout=1\ndigest.enabled=FALSE\nforceSync=yes\nskipACL=no`)).toEqual([])
  })
})

describe('a key that nothing reads', () => {
  test.each([
    ['tickTme=1', 'tickTime'],
    ['clientport=1', 'clientPort'],
    ['dataLogdir=/x', 'dataLogDir'],
    ['autopurge.purgeInterva=1', 'autopurge.purgeInterval'],
    ['4lw.command.whitelist=*', '4lw.commands.whitelist'],
    ['ssl.keystore.location=/x', 'ssl.keyStore.location'],
    ['maxClientCnxn=1', 'maxClientCnxns'],
  ])('%s has a neighbour', (line, near) => {
    expect(warnings(base + line)).toEqual([`zoo.cfg:3: nothing reads the key ${line.split('=')[0]}. Did you mean ${near}?`])
  })

  it('is told of once, with no guess where none is near', () => {
    expect(warnings(`${base}colour=blue\ncolour=red`)).toEqual(['zoo.cfg:3: nothing reads the key colour.'])
    expect(nearestKey('x')).toBeUndefined()
  })

  it('is not one that Java reads, or that has a notice of its own', () => {
    const known = [
      ...['authProvider.sasl=x.Y', 'superUser.bob=x', 'metricsProvider.httpPort=7000', 'ssl.quorum.trustStore.password=x', 'sasl.serverconfig=x'],
      ...['server.1=127.0.0.1:1:2', 'jute.maxbuffer=5', 'connectionMaxTokens=1', 'zookeeper.snapCount=5', 'commitProcessor.numWorkerThreads=1'],
      ...['admin.serverPort=1', 'tskeeper.turnMaxBytes=9', 'fips-mode=false', 'watchManagerName=x', 'follower.nodelay=true'],
    ]
    expect(warnings(`${base}${known.join('\n')}`).filter((line) => line.includes('nothing reads'))).toEqual([])
  })
})

describe('who is who', () => {
  const refused = (myid: string, text = base + three): ConfigRefused => refusal(() => load(text, { '/d/myid': myid }))

  it('is refused before anything else when no server line names this server', () => {
    expect(refused('9\n')).toMatchObject({
      message: 'My id 9 not in the peer list',
      hint: '/d/myid says 9; there are server lines for 1, 2, 3',
      exitCode: 1,
      standardError: undefined,
    })
    expect(refused('-1\n')).toMatchObject({ message: 'myid file is missing', exitCode: 2 })
    expect(refused('9', `${base}${three}standaloneEnabled=false`)).toMatchObject({ exitCode: 1 })
  })

  it('does not matter to a server on its own', () => {
    expect(load(base, { '/d/myid': '9\n' }).settings.distributed).toBe(false)
  })

  it('is refused when a group names a stranger, which ends Java with a null pointer', () => {
    const message = 'group.2 names server 9, which no server.9 line makes a participant'
    expect(refused('1\n', `${base}${three}group.1=1:2\ngroup.2=3:9`)).toMatchObject({ message, exitCode: 1 })
    expect(load(`${base}${three}group.1=1:2\ngroup.2=3:9\nweight.9=1`, { '/d/myid': '1\n' }).settings.groups.size).toBe(2)
  })

  it.each(['0', '-1', '-2147483648'])('initLimit and syncLimit are not %s', (ticks) => {
    for (const key of ['initLimit', 'syncLimit']) {
      expect(refused('1\n', `${base}${three}${key}=${ticks}`)).toMatchObject({ message: `${key} is not set`, exitCode: 2 })
    }
  })

  it('has one line for each server, the last one, and ports of its own', () => {
    const told = (more: string): string[] => warnings(base + three + more, { '/d/myid': '1\n' })
    expect(told('server.01=127.0.0.1:7:8')).toEqual(['server 1 has two lines; server.01=127.0.0.1:7:8 counts'])
    expect(load(`${base}${three}server.01=127.0.0.1:7:8`, { '/d/myid': '1' }).settings.servers).toHaveLength(3)
    expect(told('server.2=127.0.0.1:1:4')).toEqual(['the quorum port of server.2 and the quorum port of server.1 are both 127.0.0.1:1'])
    expect(told('clientPort=2')).toEqual(['the client port and the election port of server.1 are both 127.0.0.1:2'])
    expect(told('server.1=127.0.0.1:0:2')).toEqual(['the quorum port of server.1 is 0: the system chooses it, and no other server finds it'])
    expect(refused('1', `${base}${three}server.9007199254740993=127.0.0.1:7:8`).message).toContain('53 bits')
  })
})

describe('session timeouts of 2 and 20 ticks', () => {
  const sentence = 'minSessionTimeout must not be larger than maxSessionTimeout'

  it.each(['2147483647', '1073741824', '107374183', '-1', '-1\nminSessionTimeout=1\nmaxSessionTimeout=2', '2147483647\nmaxSessionTimeout=5'])(
    'are refused where they cannot be counted: tickTime=%j',
    (tick) => {
      expect(refusal(() => load(`${base}tickTime=${tick}`))).toMatchObject({
        message: sentence,
        exitCode: 2,
        hint: expect.stringMatching(/^zoo\.cfg:3: tickTime must be /),
      })
    },
  )

  it('are as they are up to there', () => {
    expect(load(`${base}tickTime=107374182`).settings.maxSessionTimeout).toBe(2_147_483_640)
    expect(load(`${base}tickTime=107374183\nmaxSessionTimeout=2147483647`).settings.minSessionTimeout).toBe(214_748_366)
  })
})

test('the address of the client port is written as people write it', () => {
  const address = (text: string): string | undefined => load(`${base}clientPortAddress=${text}`).settings.clientPortAddress
  // As InetAddress.getByName.
  expect(['[::1]', '::1', '', '0.0.0.0'].map(address)).toEqual(['::1', '::1', '127.0.0.1', '0.0.0.0'])
})
