// What the README says is so, in both languages: links lead somewhere, what is missing is missing, every command was run here, as it stands there.
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { interopSuites } from '../../scripts/lib/suites.mjs'
import { leftOut, refusalOf } from '../../src/server/config/not-yet.ts'
import { defaultSettings } from '../../src/server/config/settings.ts'
import type { Settings } from '../../src/server/config/settings.ts'
import { projectRoot } from '../peers/cache.ts'
import { needPeer } from '../peers/peers.ts'
import { freePort } from '../peers/ports.ts'
import { eventually, mustRun, runProgram, startProgram, temporaryDirectory } from '../peers/processes.ts'
import type { Result, RunningProgram } from '../peers/processes.ts'
import { fourLetterWord } from '../peers/server-process.ts'
import { startTsKeeper, tskeeperCommand } from '../peers/tskeeper.ts'
import { all, create, play } from '../storage/requests.ts'
import { RawSession } from '../wire/raw-session.ts'
import { interactive } from '../zkcli/cli.ts'
import { copyOfCheckout, emptyProject, INSTALL_LIMIT_MS, installPackage } from './installed.ts'
import type { InstalledPackage } from './installed.ts'

const RUN_LIMIT_MS = 120_000

const read = (name: string): Promise<string> => readFile(join(projectRoot, name), 'utf8')
const english = await read('README.md')
const chinese = await read('README.zh-CN.md')

/** The code blocks of a language, without their comments: those are translated. */
function blocks(text: string, language = '.*'): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`(?:${language})\\n([^]*?)^\`\`\`$`, 'gm'))].map((match) => match[1].replaceAll(/ *(?:#|\/\/) .*$/gm, ''))
}

function matches(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1]))]
}

/** Lines of shell. */
const commandsOf = (text: string): string[] => blocks(text, 'sh').flatMap((block) => block.trim().split('\n'))
/** What stands in the text as code and begins like a command. */
const mentionsOf = (text: string): string[] => matches(text, /`((?:make|node|npm|npx|tskeeper) [^`]+)`/g)
const sectionsOf = (text: string): string[] =>
  matches(text, /^## (.*)$/gm).map(
    (title) =>
      `#${title
        .toLowerCase()
        .replaceAll(' ', '-')
        .replaceAll(/[^\p{L}\p{N}-]/gu, '')}`,
  )

describe.each([
  ['README.md', english],
  ['README.zh-CN.md', chinese],
])('%s', (_name, text) => {
  it('has links that lead to files of the package, and to sections', () => {
    const links = matches(text, /\]\((?!https?:)([^)]+)\)/g)
    expect(links).toContain('docs/differences.md')
    expect(links.filter((link) => !link.startsWith('#') && !existsSync(join(projectRoot, link.replace(/#.*/, ''))))).toEqual([])
    expect(links.filter((link) => link.startsWith('#') && !sectionsOf(text).includes(link))).toEqual([])
    expect(links.filter((link) => link.startsWith('README.md#') && !sectionsOf(english).includes(link.slice('README.md'.length)))).toEqual([])
  })

  it('says what is missing, and nothing else', () => {
    const asks = (settings: Partial<Settings>): Settings => defaultSettings({ dataDir: '/d', serverCnxnFactory: 'NettyServerCnxnFactory', ...settings })
    const without = (settings: Settings): boolean => refusalOf(settings) !== undefined || leftOut(settings).length > 0
    expect(without(asks({}))).toBe(false)
    const missing: [RegExp, boolean][] = [
      [/TLS/, without(asks({ secureClientPort: 1 })) || without(asks({ sslQuorum: true }))],
      [/SASL/, without(asks({ properties: new Map([['java.security.auth.login.config', 'x']]) })) || without(asks({ quorumAuthEnableSasl: true }))],
      [/membership|reconfig/, without(asks({ distributed: true, reconfigEnabled: true }))],
      [/HTTP/, without(asks({ adminEnableServer: true, properties: new Map([['zookeeper.admin.enableServer', 'true']]) }))],
      [/Prometheus/, without(asks({ metricsProviderClassName: 'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider' }))],
    ]
    const sentence = /^> ([^]*?)\n\n/m.exec(text)?.[1] ?? ''
    expect(missing.map(([word, isMissing]) => [word, isMissing])).toEqual(missing.map(([word]) => [word, word.test(sentence)]))
  })
})

describe('the Chinese README', () => {
  it('has the code, the commands and the files of the English one', () => {
    expect(blocks(chinese)).toEqual(blocks(english))
    expect(mentionsOf(chinese).sort()).toEqual(mentionsOf(english).sort())
    const links = (text: string): string[] => matches(text, /\]\(((?:docs|CHANGELOG|LICENSE)[^)]*)\)/g).sort()
    expect(links(chinese)).toEqual(links(english))
    expect(sectionsOf(chinese)).toHaveLength(sectionsOf(english).length)
  })

  it('has the figures of the English one', () => {
    const figures = (text: string): string[][] =>
      [...text.matchAll(/^\| .*\|$/gm)].map(([row]) =>
        row
          .split('|')
          .slice(2)
          .map((cell) => cell.trim()),
      )
    expect(figures(english).length).toBeGreaterThan(5)
    expect(figures(chinese)).toEqual(figures(english))
  })
})

describe('the commands', () => {
  const ran = new Set<string>()
  let installed: InstalledPackage
  let place: string
  let port: number
  let environment: Record<string, string>
  const started: RunningProgram[] = []

  beforeAll(async () => {
    installed = await installPackage()
    place = await temporaryDirectory('readme')
    port = await freePort()
    await writeFile(join(place, 'zoo.cfg'), `dataDir=${place}/data\nclientPort=${port}\nclientPortAddress=127.0.0.1\ntickTime=500\n`)
    // Where a command names no configuration it finds this one, and port 2181 is left to whom it belongs.
    environment = {
      PATH: `${join(installed.directory, 'node_modules', '.bin')}:${process.env['PATH']}`,
      ZOOCFGDIR: place,
      ZOO_LOG_DIR: join(place, 'logs'),
      PORT: '0',
    }
  }, INSTALL_LIMIT_MS)

  afterAll(async () => {
    for (const program of started) await program.kill()
    await runProgram('tskeeper', ['stop', join(place, 'zoo.cfg')], { cwd: place, env: environment, timeoutMs: RUN_LIMIT_MS })
  })

  /** The command in a shell, with the files of this test. What it stands for is in the README. */
  function shell(command: string, replacements: Record<string, string> = {}): string[] {
    expect([...commandsOf(english), ...mentionsOf(english)]).toContain(command)
    ran.add(command)
    const places: Record<string, string> = {
      '/etc/zookeeper/zoo.cfg': join(place, 'zoo.cfg'),
      'make ': 'make --no-print-directory -o dist/cli/main.js ',
      ...replacements,
    }
    return ['-c', Object.entries(places).reduce((line, [shown, own]) => line.replaceAll(shown, own), command)]
  }

  async function run(command: string, cwd = place, replacements: Record<string, string> = {}): Promise<Result> {
    return await mustRun('/bin/sh', shell(command, replacements), { cwd, env: environment, timeoutMs: INSTALL_LIMIT_MS })
  }

  /** Until what it prints contains the words; then Ctrl-C, which reaches the whole group. */
  async function runUntil(
    command: string,
    words: RegExp,
    meanwhile = async (): Promise<void> => {},
    cwd = place,
    replacements: Record<string, string> = {},
  ): Promise<void> {
    const program = startProgram('/bin/sh', shell(command, replacements), { cwd, env: environment })
    started.push(program)
    await eventually(`${command}: ${words}`, INSTALL_LIMIT_MS, () => {
      if (program.hasEnded()) throw new Error(`it has ended: ${program.output()}`)
      return words.test(program.output()) ? true : undefined
    })
    await meanwhile()
    process.kill(-program.pid, 'SIGINT')
    await program.ended
    // Whoever presses Ctrl-C has not made a mistake.
    expect(program.output()).not.toMatch(/\*\*\* |npm error/)
    await eventually(
      'nobody serves',
      RUN_LIMIT_MS,
      async () =>
        await fourLetterWord(port, 'srvr').then(
          () => undefined,
          () => true,
        ),
    )
  }

  const serves = (): RegExp => new RegExp(`serves clients on port ${port}`)
  const hasMode = async (): Promise<void> => expect(await fourLetterWord(port, 'srvr')).toContain('Mode: standalone\n')

  it('start a server', async () => {
    // "make build" is over: to build again would take the package away from under other tests.
    await runUntil('make run', serves(), hasMode, projectRoot)
    await runUntil('node dist/cli/main.js', serves(), hasMode, projectRoot)
    await runUntil('npx tskeeper', serves(), hasMode, installed.directory)
    await runUntil('tskeeper start-foreground /etc/zookeeper/zoo.cfg', serves(), async () => {
      const session = await RawSession.open(port, { timeoutMs: 8000 })
      await play(session, all(create('/hello', 'world')))
      session.drop()
    })
    expect((await run('tskeeper cleanup -n 3')).stdout).toBe('')
    expect((await run('tskeeper txnlog log.1', join(place, 'data', 'version-2'))).stdout).toContain('/hello')
    expect((await run('SERVER_JVMFLAGS="-Djute.maxbuffer=4194304" tskeeper start')).stdout).toContain('STARTED')
    expect((await run('tskeeper stop')).stdout).toContain('STOPPED')
    expect((await run('tskeeper start /etc/zookeeper/zoo.cfg')).stdout).toContain('STARTED')
    await eventually('it serves', RUN_LIMIT_MS, () =>
      hasMode().then(
        () => true as const,
        () => undefined,
      ),
    )
    expect((await run('tskeeper status /etc/zookeeper/zoo.cfg')).stdout).toContain('Mode: standalone\n')
    expect((await run('tskeeper status')).stdout).toContain('Mode: standalone\n')
    expect((await run('node examples/lock.mjs', projectRoot, { 'lock.mjs': `lock.mjs 127.0.0.1:${port}` })).stdout).toContain('1 of 3 in the room\n')
    expect((await run('tskeeper stop')).stdout).toContain('STOPPED')
  })

  it('start an ensemble', async () => {
    await runUntil('make run-ensemble', /server \d leads/, undefined, projectRoot)
  })

  it('install and generate', async () => {
    const folder = await emptyProject('installing')
    const name = `tskeeper-${installed.version}.tgz`
    await copyFile(installed.tarball, join(folder, name))
    const quick = { 'npm install': 'npm install --prefer-offline --no-audit --no-fund' }
    const dependencies = async (kind: string): Promise<string[]> =>
      Object.keys((JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Record<string, object>)[kind] ?? {})
    await run(`npm install ./${name}`, folder, quick)
    expect(await dependencies('dependencies')).toEqual(['tskeeper'])
    await run(`npm install --save-dev ./${name} node-zookeeper-client`, folder, quick)
    expect(await dependencies('devDependencies')).toEqual(['node-zookeeper-client', 'tskeeper'])
    await mkdir(join(folder, 'my-records'))
    await writeFile(join(folder, 'my-records', 'shapes.jute'), 'module org.example.shapes { class Point { int x; int y; } }\n')
    await run('npx jute-ts-codegen --records my-records/ --out src/generated --runtime tskeeper', folder)
    expect(await readFile(join(folder, 'src', 'generated', 'shapes.ts'), 'utf8')).toContain("from 'tskeeper'")
  })

  it('pack, in a checkout in which nothing is built', async () => {
    const checkout = await copyOfCheckout()
    await run('npm pack', checkout)
    const listed = await mustRun('tar', ['-tzf', `tskeeper-${installed.version}.tgz`], { cwd: checkout, timeoutMs: RUN_LIMIT_MS })
    expect(
      listed.stdout
        .trim()
        .split('\n')
        .map((path) => path.replace('package/', ''))
        .sort(),
    ).toEqual([...installed.packed].sort())
  })

  it('test, which is what goes on here', async () => {
    for (const target of ['test', 'check', 'format', 'interop', 'apps']) {
      shell(`make ${target}`)
      await mustRun('make', ['--dry-run', target], { cwd: projectRoot, timeoutMs: RUN_LIMIT_MS })
    }
    shell('node scripts/interop.mjs kazoo')
    expect(interopSuites.map(({ name }) => name)).toContain('kazoo')
  })

  it('were all run', () => {
    expect([...commandsOf(english), ...mentionsOf(english)].filter((command) => !ran.has(command))).toEqual([])
  })
})

describe('what is shown', () => {
  it('names verbs that the command has', async () => {
    const [program, ...args] = tskeeperCommand('--help')
    const { stdout } = await mustRun(program, args, { timeoutMs: RUN_LIMIT_MS })
    const verbs = [...stdout.matchAll(/^ {2}([a-z-]+)(?: \[options\])? \[(?:config|args)\.\.\.\]/gm)].map((match) => match[1])
    expect(verbs).toHaveLength(13)
    for (const verb of verbs) expect(english).toContain(verb)
  })

  it('is what a server prints when it starts', async () => {
    const [shown] = blocks(english, 'text').filter((block) => block.includes('serves clients on port'))
    const expected = shown
      .trimEnd()
      .split('\n')
      .map((line) => masked(line.replace(/^\[.*?\] [A-Z]+: /, '')))
    expect(expected.length).toBeGreaterThan(2)
    const directory = await temporaryDirectory('readme')
    await writeFile(join(directory, 'zoo.cfg'), 'dataDir=./data\nclientPort=0\nclientPortAddress=127.0.0.1\n')
    const [program, ...args] = tskeeperCommand('start-foreground', './zoo.cfg')
    const server = startProgram(program, args, { cwd: directory })
    const printed = (): string[] =>
      server
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => masked((JSON.parse(line) as { msg: string }).msg))
    try {
      await eventually('it serves', RUN_LIMIT_MS, () => (server.output().includes('serves clients on port') ? true : undefined))
      expect(printed().filter((line) => expected.includes(line))).toEqual(expected)
    } finally {
      await server.kill()
    }
  })

  it('is what zkCli prints', async ({ skip }) => {
    if ((await needPeer('java')) === undefined) skip()
    const [transcript] = blocks(english, 'console')
    const typed = [...transcript.matchAll(/^\[zk: .*\] (.*)$/gm)].map((match) => match[1])
    expect(typed.length).toBeGreaterThan(1)
    const server = await startTsKeeper()
    try {
      const { stdout, stderr } = await interactive(server, [...typed, 'quit'])
      const printed = [...stdout, ...stderr].map((line) => line.replace(/^(> )*/, ''))
      const answers = transcript.split('\n').filter((line) => line !== '' && !/^(\$|\[zk)/.test(line))
      expect(printed).toEqual(expect.arrayContaining(answers))
    } finally {
      await server.kill()
    }
  })

  it('runs: an ensemble that is embedded', async () => {
    const [example] = blocks(english, 'ts').filter((block) => block.includes('startTestEnsemble(3)'))
    expect(await runInside(`${example}console.log(leader.id !== next.id)\n`)).toBe('true\n')
  })

  it('runs: a server that is embedded', async () => {
    const [example] = blocks(english, 'ts').filter((block) => block.includes('startTestServer'))
    expect(await runInside(`${example}console.log('the end')\n`)).toBe('the end\n')
  })
})

/** The script, inside the project, where the package is found under its own name and the client under its; what it prints. */
async function runInside(script: string): Promise<string> {
  const directory = join(projectRoot, '.cache', `readme-${process.pid}`)
  await mkdir(directory, { recursive: true })
  try {
    await writeFile(join(directory, 'example.mjs'), script)
    const result = await runProgram(process.execPath, ['example.mjs'], { cwd: directory, timeoutMs: RUN_LIMIT_MS })
    expect(result).toMatchObject({ code: 0, stderr: '' })
    return result.stdout
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** Without times and the address, which the test chose otherwise. */
function masked(line: string): string {
  return line
    .replace(/\d+ ms/, 'N ms')
    .replace(/port \d+$/, 'port N')
    .replace(/^(binding to port) .*/, '$1')
}
