// What an operator can write wrong, given to the real command and to the Java server: the same exit code, the same words on standard error,
// a sentence of ours that says where the mistake is, and nothing written.
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runJava } from '../peers/java.ts'
import { freePort } from '../peers/ports.ts'
import { runProgram, temporaryDirectory } from '../peers/processes.ts'
import { tskeeperCommand } from '../peers/tskeeper.ts'

const LIMIT_MS = 60_000
const SENTENCES = ['Invalid config, exiting abnormally', 'Unable to access datadir, exiting abnormally', 'Usage: ZooKeeperServerMain']

interface Mistake {
  readonly lines?: readonly string[]
  readonly files?: Readonly<Record<string, string>>
  readonly exitCode: number
  readonly told: RegExp
}

const voters = ['initLimit=5', 'syncLimit=3', 'server.1=127.0.0.1:1:2', 'server.2=127.0.0.1:3:4', 'server.3=127.0.0.1:5:6']
const myid = { 'data/myid': '1\n' }

const mistakes: Readonly<Record<string, Mistake>> = {
  'an id that no server line names': {
    lines: voters,
    files: { 'data/myid': '9\n' },
    exitCode: 1,
    told: /My id 9 not in the peer list \(.*myid says 9; there are server lines for 1, 2, 3\)/,
  },
  'the id -1': { lines: voters, files: { 'data/myid': '-1\n' }, exitCode: 2, told: /myid file is missing/ },
  'no id': { lines: voters, exitCode: 2, told: /myid file is missing/ },
  'an id that is no number': { lines: voters, files: { 'data/myid': 'one\n' }, exitCode: 2, told: /serverid one is not a number/ },
  'an empty id': { lines: voters, files: { 'data/myid': '' }, exitCode: 2, told: /serverid null is not a number/ },
  'an unlisted id of the dynamic file': {
    lines: ['initLimit=5', 'syncLimit=3', 'dynamicConfigFile=./dyn'],
    files: { 'data/myid': '9\n', dyn: voters.slice(2).join('\n') },
    exitCode: 1,
    told: /My id 9 not in the peer list/,
  },
  'a dynamic file that is not there': { lines: ['dynamicConfigFile=./none'], exitCode: 2, told: /\.\/none \(No such file or directory\)/ },
  'a dynamic file that is a directory': { lines: ['dynamicConfigFile=./dir'], files: { 'dir/x': '' }, exitCode: 2, told: /\.\/dir \(Is a directory\)/ },
  'a tick that is no number': {
    lines: ['tickTime=abc'],
    exitCode: 2,
    told: /For input string: \\"abc\\" \(\.\/zoo\.cfg:\d+: tickTime must be a number, got 'abc'\)/,
  },
  'a tick whose multiples overflow': { lines: ['tickTime=2147483647'], exitCode: 2, told: /tickTime must be 107374182 or less/ },
  'a negative tick': { lines: ['tickTime=-1'], exitCode: 2, told: /tickTime must be above 0/ },
  'a port that is none': { lines: ['clientPort=70000'], exitCode: 2, told: /port out of range:70000 .*clientPort must be from 0 to 65535/ },
  'an address without a port': { lines: ['clientPort='], exitCode: 2, told: /clientPort must be a number, got ''/ },
  'an address that is looked up in vain': {
    lines: ['clientPortAddress=no-such-host.invalid'],
    exitCode: 2,
    told: /no-such-host\.invalid: Name or service not known/,
  },
  'an address of another machine': { lines: ['clientPortAddress=203.0.113.9'], exitCode: 1, told: /Cannot assign requested address/ },
  'timeouts the wrong way round': {
    lines: ['minSessionTimeout=9000', 'maxSessionTimeout=8000'],
    exitCode: 2,
    told: /must not be larger.*which is 8000 ms, got '9000'/,
  },
  'observers only': { lines: ['server.1=127.0.0.1:1:2:observer'], files: myid, exitCode: 2, told: /Observers w\/o participants/ },
  'a group with a stranger': { lines: [...voters, 'group.1=1:2:3:9'], files: myid, exitCode: 1, told: /group\.1 names server 9/ },
  'weights without groups': { lines: [...voters, 'weight.1=1'], files: myid, exitCode: 2, told: /is not in a group|is?not in a group/ },
  'a server line without ports': { lines: ['server.1=127.0.0.1'], exitCode: 2, told: /does not have the form.*server\.1 must be server\.<number>=/ },
  'no data directory': { lines: ['dataDir='], exitCode: 2, told: /dataDir is not set/ },
  'a data directory that is a file': { lines: ['dataDir=./file'], files: { file: '' }, exitCode: 3, told: /Unable to create data directory .*file\/version-2/ },
  'a log directory below a file': {
    lines: ['dataLogDir=./file/log'],
    files: { file: '' },
    exitCode: 3,
    told: /Unable to create data directory .*file\/log\/version-2/,
  },
  'a reaper that never rests': { lines: [], exitCode: 2, told: /Non-positive period\./ },
}

/** Of Java only: a defect that differences.md lists. */
const javaExitCodes: Readonly<Record<string, number>> = { 'no data directory': 1 }

async function prepare({ lines = [], files = {} }: Mistake): Promise<string> {
  const directory = await temporaryDirectory('mistake')
  const usual = ['dataDir=./data', `clientPort=${await freePort()}`, 'clientPortAddress=127.0.0.1', 'admin.enableServer=false']
  const keys = new Set(lines.map((line) => line.split('=')[0]))
  const config = [...usual.filter((line) => !keys.has(line.split('=')[0])), ...lines]
  for (const [name, text] of Object.entries({ ...files, 'zoo.cfg': config.join('\n') })) {
    await mkdir(dirname(join(directory, name)), { recursive: true })
    await writeFile(join(directory, name), text)
  }
  return directory
}

const sentencesIn = (text: string): string[] => SENTENCES.filter((sentence) => text.split('\n').some((line) => line.startsWith(sentence)))
const filesIn = async (directory: string): Promise<string[]> => (await readdir(directory, { recursive: true })).sort()

describe('a mistake', () => {
  it.each(Object.entries(mistakes))('%s', { timeout: 2 * LIMIT_MS }, async (name, mistake) => {
    const flags = name === 'a reaper that never rests' ? ['-Dznode.container.checkIntervalMs=0'] : []
    const [here, there] = [await prepare(mistake), await prepare(mistake)]
    const before = await filesIn(here)
    const [program, ...args] = tskeeperCommand('start-foreground', './zoo.cfg')
    const env = { SERVER_JVMFLAGS: flags.join(' ') }
    const ours = await runProgram(program, args, { cwd: here, env, timeoutMs: LIMIT_MS })
    const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain'
    const java = await runJava(main, ['./zoo.cfg'], { cwd: there, jvmFlags: flags, timeoutMs: LIMIT_MS })
    expect({ ours: ours.code, java: java.code }).toEqual({ ours: mistake.exitCode, java: javaExitCodes[name] ?? mistake.exitCode })
    if (javaExitCodes[name] === undefined) expect(sentencesIn(ours.stderr)).toEqual(sentencesIn(java.stderr))
    const errors = ours.stdout.split('\n').filter((line) => line.includes('"level":"error"'))
    expect(errors.join('\n')).toMatch(mistake.told)
    expect(ours.stdout + ours.stderr).not.toMatch(/AssertionError|"stack"|^ +at /m)
    // Whoever cannot open the port has made its data directory ready, as Java has.
    if (name !== 'an address of another machine' && name !== 'a reaper that never rests') expect(await filesIn(here)).toEqual(before)
  })
})
