// Suites whose checks are written in the peer's own language: a program that names its checks with `list`, runs them with `check ADDRESS`,
// writing one line "ok NAME" or "failed NAME: why" for each, and lives through restarts of the server with `survive ADDRESS`.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mustRun, runProgram } from './processes.ts'
import { survived, surviveRestarts } from './restarts.ts'
import { startServer } from './server-under-test.ts'
import type { TestedServerOptions } from './server-under-test.ts'
import type { ServerProcess } from './server-process.ts'

const CHECKS_LIMIT_MS = 240_000

/** One test for each check of the program. Without a command (the peer cannot be had) the suite is skipped. */
export async function checkSuite(title: string, command: readonly string[] | undefined, options: TestedServerOptions = {}): Promise<void> {
  const [program, ...args] = command ?? []
  const names = program === undefined ? [] : lines((await mustRun(program, [...args, 'list'])).stdout)

  describe.skipIf(program === undefined)(title, () => {
    let server: ServerProcess
    let output: string
    beforeAll(async () => {
      server = await startServer(options)
      const run = await runProgram(program, [...args, 'check', `127.0.0.1:${server.port}`], { timeoutMs: CHECKS_LIMIT_MS })
      output = `${run.stdout}${run.stderr}`
    })
    afterAll(() => server.kill())

    test.each(names)('%s', (name) => {
      const line = lines(output).find((one) => one === `ok ${name}` || one.startsWith(`failed ${name}:`))
      expect(line ?? `it did not come to its end: ${output}`).toBe(`ok ${name}`)
    })
    if (names.length === 0) test.skip('the checks')
  })
}

/** One test: the program keeps its session, its data and its watches over restarts of the server. */
export function restartSuite(title: string, command: readonly string[] | undefined): void {
  describe.skipIf(command === undefined)(title, () => {
    test('keeps its session over restarts of the server', async () => {
      const output = await surviveRestarts((address) => [...command!, 'survive', address])
      expect(output.filter((line) => survived.includes(line))).toEqual(survived)
    })
  })
}

function lines(text: string): string[] {
  return text.trimEnd().split('\n')
}
