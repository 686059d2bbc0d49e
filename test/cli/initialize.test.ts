// operations 2.2: zkServer-initialize.sh.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCommand } from '../../src/cli/run-command.ts'
import { nodeDisk } from '../../src/server/host/node-disk.ts'
import type { DirectoryLock } from '../../src/server/host/host.ts'

let cwd: string

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tskeeper-'))
})

afterEach(() => rmSync(cwd, { recursive: true }))

async function initialize(args: string): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', '']
  const words = ['initialize', ...args.split(' ').filter((word) => word !== '')]
  const code = await runCommand(words, { form: 'tskeeper', env: {}, cwd, out: (text) => (out += text), err: (text) => (err += text), self: ['node'] })
  return { code, out, err }
}

function configure(...lines: string[]): void {
  mkdirSync(join(cwd, 'conf'), { recursive: true })
  writeFileSync(join(cwd, 'conf', 'zoo.cfg'), lines.map((line) => `${line}\n`).join(''))
}

const left = (directory: string): string[] => readdirSync(join(cwd, directory)).sort()

test('makes what a new server needs', async () => {
  configure('dataDir=data', 'dataLogDir=logs')
  expect(await initialize('--myid=3')).toEqual({ code: 0, out: 'Using myid of 3\n', err: '' })
  expect([left('data'), left('logs')]).toEqual([
    ['initialize', 'myid', 'version-2'],
    ['initialize', 'version-2'],
  ])
  expect(readFileSync(join(cwd, 'data', 'myid'), 'utf8')).toBe('3\n')
})

test('says where a myid may be missing, and takes a file by its name', async () => {
  mkdirSync(join(cwd, 'etc'))
  writeFileSync(join(cwd, 'etc', 'one.cfg'), 'dataDir=data\n')
  const out = 'No myid provided, be sure to specify it in data/myid if using non-standalone\n'
  expect(await initialize('--configfile etc/one.cfg')).toEqual({ code: 0, out, err: '' })
  expect(left('data')).toEqual(['initialize', 'version-2'])
})

test('leaves what is there, unless it is told not to', async () => {
  configure('dataDir=data', 'dataLogDir=logs')
  for (const directory of ['logs', 'data']) {
    mkdirSync(join(cwd, directory, 'version-2'), { recursive: true })
    writeFileSync(join(cwd, directory, 'version-2', 'kept'), '')
    const what = directory === 'data' ? 'data' : 'txnlog'
    const out = `ZooKeeper ${what} directory already exists at ${directory} (or use --force to force re-initialization)\n`
    expect(await initialize('--myid 4')).toEqual({ code: 1, out, err: '' })
    expect(left(`${directory}/version-2`)).toEqual(['kept'])
  }
  writeFileSync(join(cwd, 'data', 'myid'), '9\n')
  const out = 'Force enabled, data/txnlog directories will be re-initialized\nNo myid provided, be sure to specify it in data/myid if using non-standalone\n'
  expect(await initialize('--force')).toEqual({ code: 0, out, err: '' })
  expect([left('data'), left('data/version-2'), left('logs/version-2')]).toEqual([['initialize', 'version-2'], [], []])
})

test('leaves a server that runs alone', async () => {
  configure('dataDir=data')
  mkdirSync(join(cwd, 'data', 'version-2'), { recursive: true })
  const lock = await new Promise<DirectoryLock>((done) => nodeDisk.lock(join(cwd, 'data'), (_error, taken) => done(taken!)))
  const { code, out } = await initialize('--force')
  expect(code).toBe(1)
  expect(out).toMatch(/is in use by another server .*; stop it first\n$/)
  expect(existsSync(join(cwd, 'data', 'version-2'))).toBe(true)
  await new Promise<void>((done) => lock.release(done))
})

test.each([
  ['', [], 'Unable to find config file at ./conf/zoo.cfg\n'],
  ['', ['clientPort=1'], 'Unable to determine dataDir from ./conf/zoo.cfg\n'],
  ['--configfile=none.cfg', ['dataDir=data'], 'Unable to find config file at none.cfg\n'],
])('refuses %o with %o', async (args, lines, out) => {
  if (lines.length > 0) configure(...lines)
  expect(await initialize(args)).toEqual({ code: 1, out, err: '' })
})

test.each(['--help', '-h', '--what'])('%s shows the usage', async (option) => {
  const { code, out } = await initialize(option)
  expect(code).toBe(1)
  expect(out).toMatch(option === '--what' ? /^Unknown option: --what\nUsage:\n/ : /^Usage:\n/)
})
