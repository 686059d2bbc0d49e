// Programs of the machine that a peer needs: used when they are there, installed with the system's package manager where we may do that.
import { withLock } from './cache.ts'
import { hasProgram, runProgram } from './processes.ts'

const INSTALL_LIMIT_MS = 300_000

/** Thrown when a peer cannot be had on this machine; the suites that need it are skipped, loudly. */
export class PeerUnavailable extends Error {}

/** Makes sure that a program can be run, by installing the first of the packages that can be installed if it is missing. */
export async function needProgram(name: string, packages: readonly string[]): Promise<void> {
  if (await hasProgram(name)) return
  await installPackages(packages)
  if (!(await hasProgram(name))) throw new PeerUnavailable(`${name} is not installed`)
}

/** Tries the packages in turn until one is installed. True when one was. */
export async function installPackages(packages: readonly string[]): Promise<boolean> {
  if (process.getuid?.() !== 0 || !(await hasProgram('apt-get'))) return false
  return await withLock('apt', async () => {
    const env = { DEBIAN_FRONTEND: 'noninteractive' }
    // Another installation may hold the system's lock for a while.
    const patience = ['-o', 'DPkg::Lock::Timeout=120']
    await runProgram('apt-get', [...patience, 'update', '-q'], { env, timeoutMs: INSTALL_LIMIT_MS })
    for (const name of packages) {
      const install = [...patience, 'install', '-y', '-q', '--no-install-recommends', name]
      const result = await runProgram('apt-get', install, { env, timeoutMs: INSTALL_LIMIT_MS })
      if (result.code === 0) return true
    }
    return false
  })
}

/** Runs a step that needs a package registry: its failure means that the peer cannot be had, not that a test failed. */
export async function fetching<T>(what: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    const lastLine = (error as Error).message.trimEnd().split('\n').at(-1)
    throw new PeerUnavailable(`${what} could not be fetched: ${lastLine}`, { cause: error })
  }
}
