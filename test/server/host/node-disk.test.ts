// The disks answer alike: the same tests run on files and in memory.
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { blockingNodeFiles } from '../../../src/server/host/blocking-node-files.ts'
import { finish as finishNow, readWhole, run } from '../../../src/server/host/disk-work.ts'
import { immediateFiles } from '../../../src/server/host/files-over.ts'
import type { DirectoryLock, Disk, DiskAnswer, DiskDone, DiskFile, FileStatus, OpenMode } from '../../../src/server/host/host.ts'
import { MemoryDisk } from '../../../src/server/host/memory-disk.ts'
import { nodeDisk } from '../../../src/server/host/node-disk.ts'

const made: string[] = []

afterAll(() => {
  for (const directory of made) rmSync(directory, { recursive: true })
})

interface Kind {
  readonly name: string
  readonly begin: () => { disk: Disk; root: string }
}

const kinds: Kind[] = [
  {
    name: 'nodeDisk',
    begin: () => {
      const root = mkdtempSync(join(tmpdir(), 'tskeeper-disk-'))
      made.push(root)
      return { disk: nodeDisk, root }
    },
  },
  {
    name: 'MemoryDisk',
    begin: () => {
      const disk = new MemoryDisk({ later: (callback) => void setImmediate(callback), wallTime: () => Date.now() })
      disk.now.makeDirectory('/root')
      return { disk, root: '/root' }
    },
  },
  {
    name: 'nodeDisk.aside',
    begin: () => {
      const root = mkdtempSync(join(tmpdir(), 'tskeeper-disk-'))
      made.push(root)
      return { disk: { ...nodeDisk, ...nodeDisk.aside }, root }
    },
  },
]

/** Waits for one operation, which must not call back at once. */
async function finish<T = void>(start: (done: DiskAnswer<T>) => void): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let returned = false
    start((error, value) => {
      if (!returned) reject(new Error('called back from inside'))
      else if (error === undefined) resolve(value)
      else reject(error)
    })
    returned = true
  })
}

const bytes = (text: string): Uint8Array => Buffer.from(text)
const text = (data: Uint8Array): string => Buffer.from(data).toString('latin1')

/** The calls of a disk, to be waited for. */
function asked(disk: Disk) {
  const told = (call: (done: DiskDone) => void): Promise<void> => finish((done) => call((error) => done(error, undefined)))
  return {
    list: (path: string) => finish<string[]>((done) => disk.list(path, done)),
    stat: (path: string) => finish<FileStatus | undefined>((done) => disk.stat(path, done)),
    canWrite: (path: string) => finish<boolean>((done) => disk.canWrite(path, done)),
    open: (path: string, mode: OpenMode) => finish<DiskFile>((done) => disk.open(path, mode, done)),
    make: async (path: string) => close(await finish<DiskFile>((done) => disk.open(path, 'create', done))),
    readWhole: (path: string) => finish<Uint8Array>((done) => run(readWhole(disk, path), done)),
    makeDirectory: (path: string) => told((done) => disk.makeDirectory(path, done)),
    rename: (from: string, to: string) => told((done) => disk.rename(from, to, done)),
    renameAndSync: (from: string, to: string) => told((done) => disk.renameAndSync(from, to, done)),
    remove: (path: string) => told((done) => disk.remove(path, done)),
    syncDirectory: (path: string) => told((done) => disk.syncDirectory(path, done)),
  }
}

const read = (file: DiskFile, position: number, length: number) => finish<Uint8Array>((done) => file.read(position, length, done))
const size = (file: DiskFile) => finish<number>((done) => file.size(done))
const write = (file: DiskFile, position: number, data: Uint8Array) => finish((done) => file.write(position, data, (error) => done(error)))
const writeAndSync = (file: DiskFile, position: number, data: Uint8Array) => finish((done) => file.writeAndSync(position, data, (error) => done(error)))
const truncate = (file: DiskFile, length: number) => finish((done) => file.truncate(length, (error) => done(error)))
const close = (file: DiskFile) => finish((done) => file.close(() => done(undefined)))

describe.each(kinds)('$name', ({ begin }) => {
  let disk: ReturnType<typeof asked>
  let root: string
  let lockOf: Disk['lock']

  beforeEach(() => {
    const begun = begin()
    root = begun.root
    disk = asked(begun.disk)
    lockOf = begun.disk.lock.bind(begun.disk)
  })

  it('writes and reads at any position', async () => {
    const file = await disk.open(`${root}/f`, 'create')
    expect(await size(file)).toBe(0)
    await write(file, 0, bytes('hello'))
    await writeAndSync(file, 5, bytes(' world'))
    await writeAndSync(file, 0, bytes('J'))
    await finish((done) => file.sync((error) => done(error)))
    expect(text(await read(file, 0, 100))).toBe('Jello world')
    expect(text(await read(file, 6, 3))).toBe('wor')
    expect((await read(file, 11, 5)).length).toBe(0)
    expect([await size(file), (await disk.stat(`${root}/f`))?.sizeBytes]).toEqual([11, 11])
    await close(file)
    expect(text(await disk.readWhole(`${root}/f`))).toBe('Jello world')
  })

  it('writes nothing and much', async () => {
    const file = await disk.open(`${root}/f`, 'create')
    await write(file, 0, bytes(''))
    await writeAndSync(file, 0, bytes(''))
    const much = Buffer.alloc(3_000_000, '0123456789')
    await writeAndSync(file, 7, much)
    await write(file, 3_000_007, much)
    expect(await size(file)).toBe(6_000_007)
    expect(Buffer.compare(await read(file, 7, 3_000_000), much)).toBe(0)
    expect(Buffer.compare(await read(file, 3_000_007, 3_000_000), much)).toBe(0)
    await close(file)
  })

  it('makes files longer with zeros, and shorter', async () => {
    const file = await disk.open(`${root}/f`, 'create')
    await write(file, 0, bytes('abcdef'))
    await truncate(file, 100_000_000)
    expect(await size(file)).toBe(100_000_000)
    expect(text(await read(file, 4, 4))).toBe('ef\0\0')
    expect(text(await read(file, 99_999_998, 4))).toBe('\0\0')
    await truncate(file, 3)
    await truncate(file, 6)
    expect(text(await read(file, 0, 10))).toBe('abc\0\0\0')
    await write(file, 8, bytes('x'))
    expect(text(await read(file, 0, 10))).toBe('abc\0\0\0\0\0x')
    await close(file)
  })

  it('opens to read and update only what is there, and creates afresh', async () => {
    await expect(disk.open(`${root}/f`, 'read')).rejects.toThrow('ENOENT')
    await expect(disk.open(`${root}/f`, 'update')).rejects.toThrow('ENOENT')
    await expect(disk.open(`${root}/none/f`, 'create')).rejects.toThrow('ENOENT')
    const file = await disk.open(`${root}/f`, 'create')
    await write(file, 0, bytes('abc'))
    await close(file)
    const again = await disk.open(`${root}/f`, 'update')
    await write(again, 1, bytes('X'))
    await close(again)
    expect(text(await disk.readWhole(`${root}/f`))).toBe('aXc')
    await disk.make(`${root}/f`)
    expect((await disk.stat(`${root}/f`))?.sizeBytes).toBe(0)
  })

  it('renames over what is there, and goes on writing under the new name', async () => {
    await disk.make(`${root}/to`)
    const file = await disk.open(`${root}/from`, 'create')
    await write(file, 0, bytes('one'))
    await disk.renameAndSync(`${root}/from`, `${root}/to`)
    await writeAndSync(file, 3, bytes(' two'))
    await close(file)
    expect(await disk.list(root)).toEqual(['to'])
    expect(text(await disk.readWhole(`${root}/to`))).toBe('one two')
    await disk.rename(`${root}/to`, `${root}/back`)
    expect(await disk.list(root)).toEqual(['back'])
    await expect(disk.renameAndSync(`${root}/from`, `${root}/to`)).rejects.toThrow('ENOENT')
    await expect(disk.rename(`${root}/from`, `${root}/to`)).rejects.toThrow('ENOENT')
  })

  it('lists names in order, and tells what they are', async () => {
    await disk.makeDirectory(`${root}/b/deep/er`)
    await disk.makeDirectory(`${root}/b`)
    for (const name of ['c', 'a10', 'a9']) await disk.make(`${root}/${name}`)
    expect(await disk.list(root)).toEqual(['a10', 'a9', 'b', 'c'])
    expect(await disk.list(`${root}/b/deep`)).toEqual(['er'])
    await expect(disk.list(`${root}/none`)).rejects.toThrow('ENOENT')
    expect(await disk.stat(`${root}/b`)).toMatchObject({ isDirectory: true })
    expect(await disk.stat(`${root}/c`)).toMatchObject({ isDirectory: false, sizeBytes: 0 })
    expect(await disk.stat(`${root}/none`)).toBeUndefined()
    expect([await disk.canWrite(`${root}/b`), await disk.canWrite(`${root}/none`)]).toEqual([true, false])
    await disk.syncDirectory(root)
    await expect(disk.syncDirectory(`${root}/none`)).rejects.toThrow('ENOENT')
  })

  it('stamps what is written', async () => {
    const before = Date.now() - 2000
    const file = await disk.open(`${root}/f`, 'create')
    await write(file, 0, bytes('x'))
    await close(file)
    const status = await disk.stat(`${root}/f`)
    expect(status!.modifiedAt).toBeGreaterThan(before)
    expect(status!.modifiedAt).toBeLessThanOrEqual(Date.now() + 2000)
  })

  it('removes', async () => {
    await disk.make(`${root}/f`)
    await disk.remove(`${root}/f`)
    expect(await disk.list(root)).toEqual([])
    await expect(disk.remove(`${root}/f`)).rejects.toThrow('ENOENT')
  })

  it('locks a directory once', async () => {
    const lock = (directory: string) =>
      new Promise<DirectoryLock>((resolve, reject) => {
        lockOf(directory, (error, held) => (held === undefined ? reject(error!) : resolve(held)))
      })
    const released = (held: DirectoryLock) => new Promise<void>((resolve) => held.release(resolve))
    const held = await lock(root)
    await expect(lock(root)).rejects.toThrow('in use by another server')
    await released(held)
    await released(await lock(root))
  })
})

describe('nodeDisk', () => {
  const begin = (): string => {
    const root = mkdtempSync(join(tmpdir(), 'tskeeper-disk-'))
    made.push(root)
    return root
  }

  it('tells of errors by callback', async () => {
    const root = begin()
    const disk = asked(nodeDisk)
    await disk.make(`${root}/f`)
    const file = await disk.open(`${root}/f`, 'read')
    await expect(writeAndSync(file, 0, bytes('x'))).rejects.toThrow('EBADF')
    await expect(writeAndSync(file, 0, new Uint8Array(1 << 20))).rejects.toThrow('EBADF')
    await expect(write(file, 0, bytes('x'))).rejects.toThrow('EBADF')
    await expect(truncate(file, 5)).rejects.toThrow('EINVAL')
    await close(file)
  })

  it('follows links to directories', async () => {
    const root = begin()
    const disk = asked(nodeDisk)
    await disk.makeDirectory(`${root}/real`)
    symlinkSync(`${root}/real`, `${root}/link`)
    await disk.makeDirectory(`${root}/link/version-2`)
    expect(await disk.list(`${root}/real`)).toEqual(['version-2'])
  })

  it('that blocks answers the same, at once', () => {
    const root = begin()
    blockingNodeFiles.makeDirectory(`${root}/a/b`)
    const file = blockingNodeFiles.open(`${root}/a/b/f`, 'create')
    file.write(0, bytes('hello'))
    file.sync()
    file.truncate(4)
    expect([file.size(), text(file.read(1, 9))]).toEqual([4, 'ell'])
    file.close()
    blockingNodeFiles.rename(`${root}/a/b/f`, `${root}/a/b/g`)
    blockingNodeFiles.syncDirectory(`${root}/a/b`)
    expect([blockingNodeFiles.list(`${root}/a/b`), blockingNodeFiles.stat(`${root}/none`)]).toEqual([['g'], undefined])
    expect([blockingNodeFiles.canWrite(`${root}/a`), blockingNodeFiles.canWrite(`${root}/none`)]).toEqual([true, false])
    expect(text(finishNow(readWhole(immediateFiles(blockingNodeFiles), `${root}/a/b/g`)))).toBe('hell')
    blockingNodeFiles.remove(`${root}/a/b/g`)
    expect(() => finishNow(readWhole(immediateFiles(blockingNodeFiles), `${root}/a/b/g`))).toThrow('ENOENT')
  })
})
