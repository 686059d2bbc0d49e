// A disk that stalls when a test says so: a library of ours that is preloaded into a server and stands before the calls that reach a disk.
import { join } from 'node:path'
import { projectRoot } from './cache.ts'
import { mustRun, runProgram, temporaryDirectory } from './processes.ts'
import { needProgram, PeerUnavailable } from './programs.ts'

/** The library, compiled once per test run. */
export const stallingDisk = {
  version: 'preloaded',
  async prepare(): Promise<string> {
    if (process.platform !== 'linux') throw new PeerUnavailable('libraries are preloaded under Linux only')
    await needProgram('cc', ['gcc'])
    const library = join(await temporaryDirectory('stalls'), 'stalls.so')
    const source = join(projectRoot, 'interop-tests', 'stalled-disk', 'stalls.c')
    await mustRun('cc', ['-Wall', '-Wextra', '-Werror', '-O1', '-shared', '-fPIC', '-o', library, source, '-ldl'])
    const trial = await runProgram(process.execPath, ['-e', ''], { env: { LD_PRELOAD: library }, timeoutMs: 30_000 })
    if (trial.code !== 0 || trial.stderr !== '') throw new PeerUnavailable(`a library cannot be preloaded here: ${trial.stderr.trim()}`)
    return library
  },
}
