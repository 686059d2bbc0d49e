import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCommand } from '../../src/cli/run-command.ts'

let cwd: string

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tskeeper-'))
})

afterEach(() => rmSync(cwd, { recursive: true }))

async function cleanup(args: string): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', '']
  const code = await runCommand(args.split(' '), { form: 'tskeeper', env: {}, cwd, out: (text) => (out += text), err: (text) => (err += text), self: ['node'] })
  return { code, out, err }
}

/** Files below `directory/version-2`, last changed a minute before the end of November 21st in this zone. */
function lay(directory: string, ...names: string[]): void {
  const version = join(cwd, directory, 'version-2')
  mkdirSync(version, { recursive: true })
  for (const name of names) {
    writeFileSync(join(version, name), Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x2f]))
    utimesSync(join(version, name), new Date(2026, 10, 21, 23, 59, 8), new Date(2026, 10, 21, 23, 59, 8))
  }
}

const left = (directory: string): string[] => readdirSync(join(cwd, directory, 'version-2')).sort()

const SNAPSHOTS = ['snapshot.2', 'snapshot.4', 'snapshot.6', 'snapshot.8']
const LOGS = ['log.1', 'log.3', 'log.5', 'log.junk']

test('removes what the newest snapshots do not need from the directory of the configuration', async () => {
  lay('data', ...SNAPSHOTS, ...LOGS)
  mkdirSync(join(cwd, 'conf'))
  writeFileSync(join(cwd, 'conf', 'zoo.cfg'), 'dataDir=data\nclientPort=1\n')
  const line = (name: string): string => `Removing file: Nov 21, 2026, 11:59:08 PM\t${cwd}/data/version-2/${name}\n`
  expect(await cleanup('cleanup -n 3')).toEqual({ code: 0, out: ['log.1', 'log.junk', 'snapshot.2'].map(line).join(''), err: '' })
  expect(left('data')).toEqual(['log.3', 'log.5', 'snapshot.4', 'snapshot.6', 'snapshot.8'])
  expect(await cleanup('cleanup -n 3')).toEqual({ code: 0, out: '', err: '' })
})

test('finds the logs where dataLogDir has them', async () => {
  lay('data', ...SNAPSHOTS)
  lay('logs', ...LOGS)
  mkdirSync(join(cwd, 'etc'))
  writeFileSync(join(cwd, 'etc', 'zoo.cfg'), 'dataDir=data\ndataLogDir=logs\n')
  expect(await cleanup('--config etc cleanup -n 3')).toMatchObject({ code: 0, err: '' })
  expect([left('data'), left('logs')]).toEqual([SNAPSHOTS.slice(1), ['log.3', 'log.5']])
})

test('takes directories as PurgeTxnLog does: the logs first', async () => {
  lay('data', ...SNAPSHOTS)
  lay('logs', ...LOGS)
  expect(await cleanup('cleanup logs data -n 4')).toMatchObject({ code: 0, err: '' })
  expect([left('data'), left('logs')]).toEqual([SNAPSHOTS, ['log.1', 'log.3', 'log.5']])
  expect(await cleanup('cleanup data -n 3')).toMatchObject({ code: 0, err: '' })
  expect(left('data')).toEqual(SNAPSHOTS.slice(1))
})

test.each([
  ['cleanup data -n 2', 'count should be greater than or equal to 3\n'],
  ['cleanup data -n x', "'x' can not be parsed to integer.\n"],
  ['cleanup data -n', ''],
  ['cleanup data 3', ''],
  ['cleanup', ''],
  ['cleanup data data data -n 3', ''],
  ['cleanup nowhere -n 3', "/nowhere' does not exist. \n"],
])('%s is refused', async (args, err) => {
  lay('data', ...SNAPSHOTS)
  const result = await cleanup(args)
  expect(result.code).toBe(1)
  expect(result.err.endsWith(err) && (err !== '' || result.err === '')).toBe(true)
  expect(result.out).toMatch(/^Usage:\n/)
  expect(left('data')).toEqual(SNAPSHOTS)
})

test('touches nothing where snapshots and logs are mixed up', async () => {
  lay('data', ...SNAPSHOTS)
  lay('logs', ...LOGS)
  expect(await cleanup('cleanup data logs -n 3')).toEqual({
    code: 1,
    out: '',
    err: 'Log directory has snapshot files. Check if dataLogDir and dataDir configuration is correct.\n',
  })
  expect([left('data'), left('logs')]).toEqual([SNAPSHOTS, LOGS])
})
