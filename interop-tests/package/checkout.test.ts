// What `make` does in a checkout: it builds what is missing or old, and nothing else.
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { runProgram } from '../peers/processes.ts'
import { copyOfCheckout, INSTALL_LIMIT_MS } from './installed.ts'

let checkout: string

beforeAll(async () => {
  checkout = await copyOfCheckout()
})

/** The time of the last change, in seconds: ahead of the clock, so that each is later than the one before. */
let seconds = Date.now() / 1000 + 60

/** What is installed is borrowed: make must not install anything over it. */
const make = (...args: string[]): ReturnType<typeof runProgram> =>
  runProgram('make', ['--no-print-directory', '-o', 'node_modules/.installed', ...args], { cwd: checkout, timeoutMs: INSTALL_LIMIT_MS })
const builds = async (target: string): Promise<boolean> => (await make('--dry-run', target)).stdout.includes('scripts/build.mjs')

it('builds what is missing, both ways', async () => {
  expect(await builds('run')).toBe(true)
  expect(await make('build')).toMatchObject({ code: 0, stderr: '' })
  const load = "require('./dist/cjs/testing/index.js').startTestServer().then((server) => server.close()).then(() => console.log('served'))"
  expect(await runProgram(process.execPath, ['-e', load], { cwd: checkout, timeoutMs: INSTALL_LIMIT_MS })).toMatchObject({ code: 0, stdout: 'served\n' })
})

it('builds nothing a second time', async () => {
  expect(await Promise.all(['run', 'run-ensemble', 'build', 'interop', 'bench'].map(builds))).toEqual([false, false, false, false, false])
})

it('builds again what has changed, come or gone', async () => {
  const now = async (...path: string[]): Promise<void> => {
    seconds += 1
    await utimes(join(checkout, ...path), seconds, seconds)
  }
  // A folder is as old as what last came into it or went.
  for (const path of [['src', 'embed', 'start-server.ts'], ['tsconfig.json'], ['src', 'server']]) {
    expect([path, await builds('run'), await builds('build')]).toEqual([path, false, false])
    await now(...path)
    expect([path, await builds('run'), await builds('build')]).toEqual([path, true, true])
    await now('dist', 'cli', 'main.js')
    await now('dist', 'cjs', 'package.json')
  }
})

it('does not take for built what the compiler has refused', async () => {
  const wrong = join(checkout, 'src', 'testing', 'wrong.ts')
  await mkdir(join(checkout, 'src', 'testing'), { recursive: true })
  await writeFile(wrong, 'export const wrong: number = 1 as string\n')
  seconds += 1
  await utimes(wrong, seconds, seconds)
  const { code, stdout } = await make('dist/cli/main.js')
  expect([code !== 0, stdout.includes('wrong.ts')]).toEqual([true, true])
  expect(await builds('run')).toBe(true)
  await rm(wrong)
})
