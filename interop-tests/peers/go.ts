// go-zookeeper, the Go client: our programs in interop-tests/go, built once per test run.
import { join } from 'node:path'
import { projectRoot, withLock } from './cache.ts'
import { fetching, needProgram } from './programs.ts'
import { mustRun, temporaryDirectory } from './processes.ts'

const sources = join(projectRoot, 'interop-tests', 'go')
const FETCH_LIMIT_MS = 300_000

/** Our Go program with the client in it. */
export const goClient = {
  version: '1.0.4',
  async prepare(): Promise<string> {
    await needProgram('go', ['golang-go'])
    const program = join(await temporaryDirectory('go'), 'client')
    const options = { cwd: sources, timeoutMs: FETCH_LIMIT_MS, env: { GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly' } }
    await withLock('go', async () => {
      await fetching('the modules of the Go client', () => mustRun('go', ['mod', 'download'], options))
      await mustRun('go', ['build', '-o', program, '.'], options)
    })
    return program
  },
}
