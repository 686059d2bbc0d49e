// The directory where the peers are kept between runs, with one lock per entry so that suites which run side by side fetch nothing twice.
// An entry is built next to its place and moved there when it is whole: what is found there can be used.
import { existsSync } from 'node:fs'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

/** The root of the project. */
export const projectRoot = resolve(import.meta.dirname, '..', '..')

/** Where peers live: inside the project, outside version control. */
export const peersCache = join(projectRoot, '.cache', 'peers')

/**
 * The directory `.cache/peers/<name>`, built by `build(scratch)` when it is not there yet. A build that was interrupted leaves its scratch
 * directory to the next one, which may go on with it.
 */
export async function cachedDirectory(name: string, build: (scratch: string) => Promise<void>): Promise<string> {
  const place = join(peersCache, name)
  if (existsSync(place)) return place
  return await withLock(name.replaceAll('/', '-'), async () => {
    if (existsSync(place)) return place
    const scratch = `${place}.partial`
    await mkdir(scratch, { recursive: true })
    await build(scratch)
    await rename(scratch, place)
    return place
  })
}

let claims = 0

/** Does `work` while no other process on this machine holds the lock of that name. The lock of a process that died is taken over. */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const lock = join(peersCache, 'locks', name)
  await mkdir(dirname(lock), { recursive: true })
  await acquire(lock)
  try {
    return await work()
  } finally {
    await rm(lock, { recursive: true, force: true })
  }
}

async function acquire(lock: string): Promise<void> {
  // Linked into place, so that the lock appears together with the name of its holder or not at all.
  const claim = `${lock}.${process.pid}.${(claims += 1)}`
  await writeFile(claim, String(process.pid))
  try {
    while (!(await tryLink(claim, lock))) {
      if (await isAbandoned(lock)) await rm(lock, { force: true })
      else await new Promise((resolve) => setTimeout(resolve, 200))
    }
  } finally {
    await rm(claim, { force: true })
  }
}

async function tryLink(claim: string, lock: string): Promise<boolean> {
  try {
    await link(claim, lock)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  }
}

async function isAbandoned(lock: string): Promise<boolean> {
  const pid = Number(await readFile(lock, 'utf8').catch(() => ''))
  if (pid === 0) return false // Released a moment ago.
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
