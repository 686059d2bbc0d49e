// What the README says is so: its links lead somewhere, its commands exist, its example runs, its output is what a server prints.
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { projectRoot } from '../peers/cache.ts'
import { eventually, mustRun, runProgram, startProgram, temporaryDirectory } from '../peers/processes.ts'
import { tskeeperCommand } from '../peers/tskeeper.ts'

const RUN_LIMIT_MS = 60_000

let text: string

beforeAll(async () => {
  text = await readFile(join(projectRoot, 'README.md'), 'utf8')
})

/** The code blocks that contain the word. */
function blocksWith(word: string): string[] {
  return [...text.matchAll(/^```.*\n([^]*?)^```$/gm)].map((match) => match[1]!).filter((block) => block.includes(word))
}

function matches(pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1]!))]
}

describe('the README', () => {
  it('has links that lead to files of the package', () => {
    const links = matches(/\]\((?!https?:|#)([^)]+)\)/g)
    expect(links).toContain('docs/differences.md')
    expect(links.filter((link) => !existsSync(join(projectRoot, link)))).toEqual([])
  })

  it('has links to its own sections', () => {
    const sections = matches(/^## (.*)$/gm).map((title) => `#${title.toLowerCase().replaceAll(' ', '-').replaceAll(/[^a-z0-9-]/g, '')}`)
    expect(matches(/\]\((#[^)]+)\)/g).filter((link) => !sections.includes(link))).toEqual([])
  })

  it('names targets that make has', async () => {
    const targets = matches(/(?:^|`)make ([a-z-]+)/gm)
    expect(targets).toEqual(expect.arrayContaining(['run', 'run-ensemble', 'test', 'check', 'interop']))
    for (const target of targets) await mustRun('make', ['--dry-run', target], { cwd: projectRoot, timeoutMs: RUN_LIMIT_MS })
  })

  it('names verbs that the command has', async () => {
    const [program, ...args] = tskeeperCommand('--help')
    const { stdout } = await mustRun(program!, args, { timeoutMs: RUN_LIMIT_MS })
    const verbs = [...stdout.matchAll(/^ {2}([a-z-]+) \[(?:config|args)\.\.\.\]/gm)].map((match) => match[1]!)
    expect(verbs).toHaveLength(12)
    for (const verb of verbs) expect(text).toContain(verb)
    expect(matches(/tskeeper ([a-z][a-z-]+)/g).filter((verb) => !verbs.includes(verb))).toEqual([])
  })

  it('shows the lines with which a server starts', async () => {
    const [shown] = blocksWith('serves clients on port')
    const expected = shown!.trimEnd().split('\n').map((line) => masked(line.replace(/^\[.*?\] [A-Z]+: /, '')))
    expect(expected.length).toBeGreaterThan(2)
    const directory = await temporaryDirectory('readme')
    await writeFile(join(directory, 'zoo.cfg'), 'dataDir=./data\nclientPort=0\nclientPortAddress=127.0.0.1\n')
    const [program, ...args] = tskeeperCommand('start-foreground', './zoo.cfg')
    const server = startProgram(program!, args, { cwd: directory })
    const printed = (): string[] => server.output().split('\n').filter((line) => line.startsWith('{')).map((line) => masked((JSON.parse(line) as { msg: string }).msg))
    try {
      await eventually('it serves', RUN_LIMIT_MS, () => (server.output().includes('serves clients on port') ? true : undefined))
      expect(printed().filter((line) => expected.includes(line))).toEqual(expected)
    } finally {
      await server.kill()
    }
  })

  it('shows how an ensemble is embedded', async () => {
    const [example] = blocksWith('startTestEnsemble(3)')
    const directory = join(projectRoot, '.cache', `readme-ensemble-${process.pid}`)
    await mkdir(directory, { recursive: true })
    try {
      await writeFile(join(directory, 'example.mjs'), `${example}console.log(leader.id !== next.id)\n`)
      const result = await runProgram(process.execPath, ['example.mjs'], { cwd: directory, timeoutMs: RUN_LIMIT_MS })
      expect(result).toMatchObject({ code: 0, stdout: 'true\n', stderr: '' })
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  it('shows how a server is embedded', async () => {
    const [example] = blocksWith('startTestServer')
    // Inside the project, where the package is found under its own name and the client under its.
    const directory = join(projectRoot, '.cache', `readme-${process.pid}`)
    await mkdir(directory, { recursive: true })
    try {
      const use = "import { once } from 'node:events'\nclient.connect()\nawait once(client, 'connected')\nconsole.log('connected')\nclient.close()\n"
      const closing = 'await server.close()'
      expect(example).toContain(closing)
      const script = `import client_ from 'node-zookeeper-client'\nconst { createClient } = client_\n${example!.replace(closing, `${use}${closing}`)}`
      await writeFile(join(directory, 'example.mjs'), script)
      const result = await runProgram(process.execPath, ['example.mjs'], { cwd: directory, timeoutMs: RUN_LIMIT_MS })
      expect(result).toMatchObject({ code: 0, stdout: 'connected\n', stderr: '' })
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})

/** Without times and the address, which the test chose otherwise. */
function masked(line: string): string {
  return line.replace(/\d+ ms/, 'N ms').replace(/port \d+$/, 'port N').replace(/^(binding to port) .*/, '$1')
}
