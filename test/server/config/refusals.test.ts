import { describe, expect, test } from 'vitest'
import { ConfigRefused } from '../../../src/server/config/config-refused.ts'
import { loadSettings, settingsFromArguments } from '../../../src/server/config/load-settings.ts'

const base = 'dataDir=/d\nclientPort=2181\nclientPortAddress=127.0.0.1\n'
const three = 'server.1=127.0.0.1:1:2\nserver.2=127.0.0.1:3:4\nserver.3=127.0.0.1:5:6\n'
const limits = 'initLimit=5\nsyncLimit=2\n'
const malformed =
  'x does not have the form server_config or server_config;client_config where server_config is the pipe separated list of ' +
  'host:port:port or host:port:port:type and client_config is port or host:port'

/** File, message; all of them as Apache ZooKeeper 3.9.6 gave them. Those of the first kind it wraps in `Error processing ./zoo.cfg`. */
const wrapped: [string, string][] = [
  [`${base}tickTime=abc`, 'For input string: "abc"'],
  [`${base}tickTime=99999999999`, 'For input string: "99999999999"'],
  [`${base}tickTime=`, 'For input string: ""'],
  [`${base}tickTime=2000 # x`, 'For input string: "2000 # x"'],
  [`${base}initLimit=0x10`, 'For input string: "0x10"'],
  [`${base}clientPort=\${PORT}`, 'For input string: "${PORT}"'],
  [`${base}tickTime=+0`, 'tickTime is not set'],
  [`${base}tickTime=0`, 'tickTime is not set'],
  ['dataDir=/d\nclientPort=-5', 'port out of range:-5'],
  ['dataDir=/d\nclientPort=70000', 'port out of range:70000'],
  ['clientPort=2181', 'dataDir is not set'],
  ['', 'dataDir is not set'],
  ['dataDir=/d\nclientPortAddress=127.0.0.1', 'clientPortAddress is set but clientPort is not set'],
  [`${base}secureClientPortAddress=127.0.0.1`, 'secureClientPortAddress is set but secureClientPort is not set'],
  [`${base}minSessionTimeout=9000\nmaxSessionTimeout=8000`, 'minSessionTimeout must not be larger than maxSessionTimeout'],
  [`${base}metricsProvider.className=foo.Bar`, 'metrics provider class was not found'],
  [`${base}quorum.auth.learnerRequireSasl=true`, 'quorum.auth.enableSasl is disabled, so cannot enable quorum.auth.learnerRequireSasl'],
  [`${base}quorum.auth.serverRequireSasl=true`, 'quorum.auth.enableSasl is disabled, so cannot enable quorum.auth.serverRequireSasl'],
  [
    `${base}quorum.auth.enableSasl=true\nquorum.auth.serverRequireSasl=true`,
    'quorum.auth.learnerRequireSasl is disabled, so cannot enable quorum.auth.serverRequireSasl',
  ],
  [`${base}foo=\\u12`, 'Malformed \\uxxxx encoding.'],
  [`${base}server.x=127.0.0.1:5:6`, 'For input string: "x"'],
  [`${base}server.1=127.0.0.1:70000:6`, 'port out of range:70000'],
  [`${base}server.1=127.0.0.1:5:6:observer`, 'Observers w/o participants is an invalid configuration'],
  [`${base}server.1=127.0.0.1:5:6\nserver.2=127.0.0.1:7:8:observer`, 'Observers w/o quorum is an invalid configuration'],
  [`${base}standaloneEnabled=false`, 'standaloneEnabled = false then number of participants should be >0'],
  [base + three, 'initLimit is not set'],
  [`${base + three}initLimit=5`, 'syncLimit is not set'],
  [base + three + limits, 'myid file is missing'],
  [`${base + three + limits}group.1=1:x:3`, 'For input string: "x"'],
  [`${base + three + limits}groupx=1`, 'For input string: "groupx"'],
  [`${base + three + limits}group.1=1:2:3\nweight.1=q`, 'For input string: "q"'],
  [`${base}version=xyz`, 'For input string: "xyz" under radix 16'],
  [`${base}version=`, 'For input string: "" under radix 16'],
  [`${base}version=abc `, 'For input string: "abc " under radix 16'],
  [`${base}version=8000000000000000`, 'For input string: "8000000000000000" under radix 16'],
]

const bare: [string, string][] = [
  [`${base}standaloneEnabled=yes`, "Invalid option yes for standaloneEnabled. Choose 'true' or 'false.'"],
  [`${base}reconfigEnabled=`, "Invalid option  for reconfigEnabled. Choose 'true' or 'false.'"],
  [`${base}electionAlg=2`, 'Invalid electionAlg value. Only 3 is supported.'],
  [`${base}peerType=foo`, 'Unrecognised peertype: foo'],
  [`${base}server.2=x`, malformed],
  [`${base}server.2=127.0.0.1:5`, malformed.replace('x', '127.0.0.1:5')],
  [`${base}server.1=127.0.0.1:5:5`, 'Client and election port must be different! Please update the configuration file on server.1'],
  [`${base}server.1=127.0.0.1:5:6:foo`, 'Unrecognised peertype: foo'],
  [`${base}server.1=127.0.0.1:a:6`, 'Address unresolved: 127.0.0.1:a'],
  [`${base}server.1=127.0.0.1:5:6;abc`, 'Address unresolved: null:abc'],
  [`${base}server.1=[::1:5:6`, "[::1:5:6 starts with '[' but has no matching ']:'"],
  [`${base}server.1=127.0.0.1:5:6|127.0.0.1:7:8`, 'Multiple address feature is disabled, but multiple addresses were specified for sid 1'],
  [`${base + three + limits}group.1=1:2\ngroup.2=2:3`, 'Server 2is in multiple groups'],
  [`${base + three + limits}group.1=1:2`, 'Server 3is not in a group'],
  [`${base}dynamicConfigFile=/z.cfg\nserver.1=127.0.0.1:5:6`, 'parameter: server.1 must be in a separate dynamic config file'],
  [`${base}secureClientPort=2182\nssl.authProvider=foo`, "No auth provider configured for the SSL authentication scheme 'foo'."],
]

const other: [string, Partial<ConfigRefused>][] = [
  [
    `${base}enforce.auth.enabled=true`,
    { message: 'zookeeper.enforce.auth.enabled is true zookeeper.enforce.auth.schemes must be  configured.', kind: 'arguments', exitCode: 2 },
  ],
  [`${base}enforce.auth.enabled=true\nenforce.auth.schemes=sasl`, { message: 'Authentication scheme sasl is not available.', kind: 'arguments', exitCode: 2 }],
  [`${base}enforce.auth.enabled=true\nenforce.auth.schemes=`, { message: 'Authentication scheme  is not available.', kind: 'arguments', exitCode: 2 }],
  [
    `${base}DigestAuthenticationProvider.digestAlg=foo`,
    { message: "don't support this ACL digest algorithm: foo in the current environment", kind: 'unexpected', exitCode: 1 },
  ],
  [`${base}serverCnxnFactory=foo`, { message: "Couldn't instantiate foo", kind: 'unexpected', exitCode: 1 }],
  [`${base}connection_throttle_drop_increase=abc`, { message: 'For input string: "abc"', kind: 'unexpected', exitCode: 1 }],
]

function refusal(act: () => unknown): ConfigRefused {
  try {
    act()
  } catch (error) {
    if (error instanceof ConfigRefused) return error
    throw error
  }
  throw new Error('was not refused')
}

const load = (text: string, readText?: (path: string) => string | undefined) => () =>
  loadSettings({ text, path: './zoo.cfg', ...(readText === undefined ? {} : { readText }) })

describe('a start is refused in the words of ZooKeeper', () => {
  test.each(wrapped)('%j → %s', (text, message) => {
    expect(refusal(load(text))).toMatchObject({
      message,
      context: 'Error processing ./zoo.cfg',
      exitCode: 2,
      standardError: 'Invalid config, exiting abnormally',
      logged: 'Invalid config, exiting abnormally',
    })
  })

  test.each(bare)('%j → %s', (text, message) => {
    expect(refusal(load(text))).toMatchObject({ message, context: undefined, exitCode: 2, kind: 'config' })
  })

  test.each(other)('%j → %o', (text, expected) => {
    expect(refusal(load(text))).toMatchObject(expected)
  })

  test('the kinds have their lines on standard error', () => {
    const line = (kind: 'arguments' | 'datadir' | 'unexpected') => new ConfigRefused(kind, '').standardError
    expect(line('arguments')).toBe('Usage: ZooKeeperServerMain configfile | port datadir [ticktime] [maxcnxns]')
    expect(line('datadir')).toBe('Unable to access datadir, exiting abnormally')
    expect(line('unexpected')).toBeUndefined()
    expect(new ConfigRefused('datadir', '').exitCode).toBe(3)
  })
})

describe('files beside zoo.cfg', () => {
  const files = (entries: Record<string, string>) => (path: string) => entries[path]

  test.each([
    ['xx\n', 'serverid xx is not a number'],
    ['', 'serverid null is not a number'],
    ['1 \n', 'serverid 1  is not a number'],
  ])('myid %j → %s', (myid, message) => {
    expect(refusal(load(base, files({ '/d/myid': myid })))).toMatchObject({ message, exitCode: 2 })
  })

  test('a dynamic file that is missing, has a version or a stranger in it', () => {
    const text = `${base}dynamicConfigFile=/z.cfg`
    expect(refusal(load(text))).toMatchObject({ message: '/z.cfg (No such file or directory)', context: 'Error processing /z.cfg' })
    expect(refusal(load(text, files({ '/z.cfg': 'version=1' })))).toMatchObject({ message: "dynamic file shouldn't have version inside" })
    expect(refusal(load(text, files({ '/z.cfg': 'foo=1' })))).toMatchObject({ message: 'Unrecognised parameter: foo' })
    expect(refusal(load(text, files({ '/z.cfg': three })))).toMatchObject({ message: 'initLimit is not set', context: 'Error processing /z.cfg' })
    const negative = files({ '/z.cfg.-5': three })
    expect(refusal(load(`${base + limits}dynamicConfigFile=/z.cfg.-5`, negative))).toMatchObject({
      message: 'For input string: "fffffffffffffffb" under radix 16',
    })
  })

  test('a client port that contradicts the own server line', () => {
    const myid = files({ '/d/myid': '1\n' })
    const line = 'server.1=127.0.0.1:5:6;24185\n'
    const text = (fixed: string, found: string) =>
      `client address for this server (id = 1) in static config file is ${fixed} is different from client address found in dynamic file: ${found}`
    expect(refusal(load(`dataDir=/d\nclientPort=24182\n${line}`, myid)).message).toBe(text('0.0.0.0/0.0.0.0:24182', '/0.0.0.0:24185'))
    expect(refusal(load(`${base}server.1=127.0.0.1:5:6;127.0.0.1:2182`, myid)).message).toBe(text('/127.0.0.1:2181', '/127.0.0.1:2182'))
    expect(refusal(load(`${base}server.1=127.0.0.1:5:6;10.0.0.1:2181`, myid)).message).toBe(text('/127.0.0.1:2181', '/10.0.0.1:2181'))
  })
})

describe('arguments in place of a file', () => {
  test.each([
    [[], 'Invalid number of arguments:[]'],
    [['1', '2', '3', '4', '5'], 'Invalid number of arguments:[1, 2, 3, 4, 5]'],
    [['abc', '/d'], 'For input string: "abc"'],
    [['2181', '/d', 'x'], 'For input string: "x"'],
    [['70000', '/d'], 'port out of range:70000'],
  ])('%j → %s', (args, message) => {
    expect(refusal(() => settingsFromArguments(args))).toMatchObject({ message, kind: 'arguments', exitCode: 2 })
  })

  test('are port, directory, tick and limit', () => {
    expect(settingsFromArguments(['2181', '/d', '1000', '7']).settings).toMatchObject({
      clientPort: 2181,
      dataDir: '/d',
      dataLogDir: '/d',
      tickTime: 1000,
      minSessionTimeout: 2000,
      maxSessionTimeout: 20_000,
      maxClientCnxns: 7,
    })
    expect(settingsFromArguments(['2181', '/d']).settings).toMatchObject({ tickTime: 3000, maxClientCnxns: 0 })
  })
})
