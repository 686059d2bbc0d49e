import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { DirectoryInUse, type DirectoryLock } from '../../../src/server/host/host.ts'
import { lockByName, lockDirectory } from '../../../src/server/host/node-directory-lock.ts'

const directories: string[] = []
const held: DirectoryLock[] = []
const children: ChildProcess[] = []

function released(lock: DirectoryLock): Promise<void> {
  return new Promise((done) => lock.release(done))
}

afterEach(() => {
  for (const lock of held.splice(0)) lock.release(() => {})
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
})

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tskeeper-lock-'))
  directories.push(directory)
  return directory
}

async function lock(directory: string): Promise<DirectoryLock> {
  return await new Promise((resolve, reject) => {
    lockDirectory(directory, (error, lockHeld) => {
      if (lockHeld === undefined) {
        reject(error!)
        return
      }
      held.push(lockHeld)
      resolve(lockHeld)
    })
  })
}

/** Another process that listens where a server that holds the lock listens. */
async function holder(directory: string): Promise<ChildProcess> {
  const script = `
    const server = require('net').createServer((socket) => socket.on('error', () => 0).end('holds pid ' + process.pid))
    server.listen(process.argv[1], () => console.log('listening'))`
  const child = spawn(process.execPath, ['-e', script, join(directory, 'tskeeper.lock.0')], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  await once(child.stdout, 'data')
  return child
}

async function killed(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
}

describe('a directory lock', () => {
  it('keeps others off and says who holds it', async () => {
    const directory = newDirectory()
    await lock(directory)
    await expect(lock(directory)).rejects.toThrow(DirectoryInUse)
    await expect(lock(directory)).rejects.toThrow(`${directory} is in use by another server (pid ${process.pid}`)
    await lock(newDirectory())
  })

  it('is given back, and leaves nothing', async () => {
    const directory = newDirectory()
    for (let round = 0; round < 3; round++) {
      const first = await lock(directory)
      await released(first)
      await released(first)
    }
    expect(readdirSync(directory)).toEqual([])
  })

  it('holds against a process that lives, and not against one that was killed', async () => {
    const directory = newDirectory()
    const child = await holder(directory)
    await expect(lock(directory)).rejects.toThrow(`(pid ${child.pid})`)
    await killed(child)
    expect(readdirSync(directory)).toEqual(['tskeeper.lock.0'])
    await lock(directory)
    expect(readdirSync(directory)).toEqual([expect.stringMatching(/^tskeeper\.lock\.[0-9a-f]{16}$/)])
  })

  it('holds for a process that is stopped and cannot answer', async () => {
    const directory = newDirectory()
    const child = await holder(directory)
    child.kill('SIGSTOP')
    await expect(lock(directory)).rejects.toThrow('it does not say which')
    child.kill('SIGCONT')
  })

  it('is won by exactly one of many who find it left behind', async () => {
    const directory = newDirectory()
    await killed(await holder(directory))
    for (let round = 0; round < 5; round++) {
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => lock(directory)))
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(readdirSync(directory)).toHaveLength(1)
      for (const lockHeld of held.splice(0)) await released(lockHeld)
    }
  })

  it('is not hindered by a file of its name', async () => {
    const directory = newDirectory()
    writeFileSync(join(directory, 'tskeeper.lock.5'), 'left by hand')
    await lock(directory)
    await expect(lock(directory)).rejects.toThrow('in use')
  })

  it('works below long paths', async () => {
    const directory = join(newDirectory(), 'a'.repeat(100), 'b'.repeat(100))
    mkdirSync(directory, { recursive: true })
    const first = await lock(directory)
    await expect(lock(directory)).rejects.toThrow('in use')
    await released(first)
    await lock(directory)
    if (process.platform === 'linux') expect(readdirSync(directory)).toHaveLength(1)
  })

  it('needs a directory', async () => {
    await expect(lock(join(newDirectory(), 'none'))).rejects.toThrow(/ENOENT|EACCES/)
    await expect(lock(join(newDirectory(), 'n'.repeat(150)))).rejects.toThrow(/ENOENT/)
  })

  it('survives visitors that hang up', async () => {
    const directory = newDirectory()
    await lock(directory)
    const visitor = net.connect(join(directory, readdirSync(directory)[0]))
    await once(visitor, 'connect')
    visitor.destroy()
    await expect(lock(directory)).rejects.toThrow('in use')
  })
})

// Of Linux' names, in the place of those of Windows' pipes.
describe.runIf(process.platform === 'linux')('a lock that is a name', () => {
  const name = (): string => `\0tskeeper-test-${process.pid}-${directories.length}`
  const lockName = (directory: string): Promise<DirectoryLock> =>
    new Promise((resolve, reject) => {
      lockByName(directory, name(), (error, lockHeld) => {
        if (lockHeld === undefined) return reject(error!)
        held.push(lockHeld)
        resolve(lockHeld)
      })
    })

  it('keeps others off, says who holds it, and is given back', async () => {
    const directory = newDirectory()
    const first = await lockName(directory)
    await expect(lockName(directory)).rejects.toThrow(new RegExp(`in use by another server \\(pid ${process.pid} on `))
    await expect(lockName(directory)).rejects.toBeInstanceOf(DirectoryInUse)
    await released(first)
    await lockName(directory)
  })

  it('is won by exactly one of many', async () => {
    const directory = newDirectory()
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => lockName(directory)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('goes with a process that is killed', async () => {
    const directory = newDirectory()
    const script = "require('net').createServer((s) => s.end('holds pid 1')).listen('\\0' + process.argv[1], () => console.log('listening'))"
    const child = spawn(process.execPath, ['-e', script, name().slice(1)], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    await once(child.stdout, 'data')
    await expect(lockName(directory)).rejects.toThrow('in use')
    await killed(child)
    await lockName(directory)
  })
})
