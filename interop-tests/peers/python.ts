// kazoo, the Python client, in a virtual environment of its own.
import { join } from 'node:path'
import { cachedDirectory } from './cache.ts'
import { fetching, installPackages, needProgram } from './programs.ts'
import { mustRun, runProgram } from './processes.ts'

export const kazooVersion = '2.11.0'

const FETCH_LIMIT_MS = 300_000

/** The Python interpreter of an environment in which kazoo can be imported. */
export async function pythonWithKazoo(): Promise<string> {
  const directory = await cachedDirectory(`kazoo-${kazooVersion}`, async (scratch) => {
    await needProgram('python3', ['python3'])
    const makeEnvironment = ['-m', 'venv', '--clear', scratch]
    // Some distributions ship the interpreter without the module that makes environments.
    if ((await runProgram('python3', makeEnvironment)).code !== 0) {
      await installPackages(['python3-venv'])
      await fetching('a Python environment', () => mustRun('python3', makeEnvironment))
    }
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `kazoo==${kazooVersion}`, 'pure-sasl']
    await fetching('kazoo', () => mustRun(join(scratch, 'bin', 'python'), install, { timeoutMs: FETCH_LIMIT_MS }))
  })
  return join(directory, 'bin', 'python')
}
