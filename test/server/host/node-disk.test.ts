// The disks answer alike: the same tests run on files and in memory.
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { Disk, DiskDone } from '../../../src/server/host/host.ts'
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
      disk.makeDirectory('/root')
      return { disk, root: '/root' }
    },
  },
]

/** Waits for one operation, which must not call back at once. */
async function finish(start: (done: DiskDone) => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let returned = false
    start((error) => {
      if (!returned) reject(new Error('called back from inside'))
      else if (error === undefined) resolve()
      else reject(error)
    })
    returned = true
  })
}

const bytes = (text: string): Uint8Array => Buffer.from(text)
const text = (data: Uint8Array): string => Buffer.from(data).toString('latin1')

describe.each(kinds)('$name', ({ begin }) => {
  let disk: Disk
  let root: string

  beforeEach(() => {
    ;({ disk, root } = begin())
  })

  it('writes and reads at any position', async () => {
    const file = disk.open(`${root}/f`, 'create')
    expect(file.size).toBe(0)
    await finish((done) => file.write(0, bytes('hello'), done))
    await finish((done) => file.writeAndSync(5, bytes(' world'), done))
    await finish((done) => file.writeAndSync(0, bytes('J'), done))
    await finish((done) => file.sync(done))
    expect(text(file.read(0, 100))).toBe('Jello world')
    expect(text(file.read(6, 3))).toBe('wor')
    expect(file.read(11, 5).length).toBe(0)
    expect([file.size, disk.size(`${root}/f`)]).toEqual([11, 11])
    file.close()
    expect(text(disk.readFile(`${root}/f`))).toBe('Jello world')
  })

  it('syncs what comes alone, again and again', async () => {
    const file = disk.open(`${root}/f`, 'create')
    for (let position = 0; position < 40; position++) await finish((done) => file.writeAndSync(position, bytes('x'), done, true))
    expect(text(file.read(0, 100))).toBe('x'.repeat(40))
    file.close()
  })

  it('writes nothing and much', async () => {
    const file = disk.open(`${root}/f`, 'create')
    await finish((done) => file.write(0, bytes(''), done))
    await finish((done) => file.writeAndSync(0, bytes(''), done))
    const much = Buffer.alloc(3_000_000, '0123456789')
    await finish((done) => file.writeAndSync(7, much, done))
    await finish((done) => file.write(3_000_007, much, done))
    expect(file.size).toBe(6_000_007)
    expect(Buffer.compare(file.read(7, 3_000_000), much)).toBe(0)
    expect(Buffer.compare(file.read(3_000_007, 3_000_000), much)).toBe(0)
    file.close()
  })

  it('makes files longer with zeros, and shorter', async () => {
    const file = disk.open(`${root}/f`, 'create')
    await finish((done) => file.write(0, bytes('abcdef'), done))
    file.truncate(100_000_000)
    expect(file.size).toBe(100_000_000)
    expect(text(file.read(4, 4))).toBe('ef\0\0')
    expect(text(file.read(99_999_998, 4))).toBe('\0\0')
    file.truncate(3)
    file.truncate(6)
    expect(text(file.read(0, 10))).toBe('abc\0\0\0')
    await finish((done) => file.write(8, bytes('x'), done))
    expect(text(file.read(0, 10))).toBe('abc\0\0\0\0\0x')
    file.close()
  })

  it('opens to read and update only what is there, and creates afresh', async () => {
    expect(() => disk.open(`${root}/f`, 'read')).toThrow('ENOENT')
    expect(() => disk.open(`${root}/f`, 'update')).toThrow('ENOENT')
    expect(() => disk.open(`${root}/none/f`, 'create')).toThrow('ENOENT')
    const file = disk.open(`${root}/f`, 'create')
    await finish((done) => file.write(0, bytes('abc'), done))
    file.close()
    const again = disk.open(`${root}/f`, 'update')
    await finish((done) => again.write(1, bytes('X'), done))
    again.close()
    expect(text(disk.readFile(`${root}/f`))).toBe('aXc')
    disk.open(`${root}/f`, 'create').close()
    expect(disk.size(`${root}/f`)).toBe(0)
  })

  it('renames over what is there, and goes on writing under the new name', async () => {
    disk.open(`${root}/to`, 'create').close()
    const file = disk.open(`${root}/from`, 'create')
    await finish((done) => file.write(0, bytes('one'), done))
    await finish((done) => disk.renameAndSync(`${root}/from`, `${root}/to`, done))
    await finish((done) => file.writeAndSync(3, bytes(' two'), done))
    file.close()
    expect(disk.list(root)).toEqual(['to'])
    expect(text(disk.readFile(`${root}/to`))).toBe('one two')
    disk.rename(`${root}/to`, `${root}/back`)
    expect(disk.list(root)).toEqual(['back'])
    await expect(finish((done) => disk.renameAndSync(`${root}/from`, `${root}/to`, done))).rejects.toThrow('ENOENT')
    expect(() => disk.rename(`${root}/from`, `${root}/to`)).toThrow('ENOENT')
  })

  it('lists names in order, and tells what they are', () => {
    disk.makeDirectory(`${root}/b/deep/er`)
    disk.makeDirectory(`${root}/b`)
    for (const name of ['c', 'a10', 'a9']) disk.open(`${root}/${name}`, 'create').close()
    expect(disk.list(root)).toEqual(['a10', 'a9', 'b', 'c'])
    expect(disk.list(`${root}/b/deep`)).toEqual(['er'])
    expect(() => disk.list(`${root}/none`)).toThrow('ENOENT')
    expect(disk.stat(`${root}/b`)).toMatchObject({ isDirectory: true })
    expect(disk.stat(`${root}/c`)).toMatchObject({ isDirectory: false, sizeBytes: 0 })
    expect(() => disk.stat(`${root}/none`)).toThrow('ENOENT')
    expect(() => disk.size(`${root}/none`)).toThrow('ENOENT')
    expect([disk.exists(`${root}/b`), disk.exists(`${root}/c`), disk.exists(`${root}/none`)]).toEqual([true, true, false])
    expect([disk.canWrite(`${root}/b`), disk.canWrite(`${root}/none`)]).toEqual([true, false])
    disk.syncDirectory(root)
    expect(() => disk.syncDirectory(`${root}/none`)).toThrow('ENOENT')
  })

  it('stamps what is written', async () => {
    const before = Date.now() - 2000
    const file = disk.open(`${root}/f`, 'create')
    await finish((done) => file.write(0, bytes('x'), done))
    file.close()
    expect(disk.stat(`${root}/f`).modifiedAt).toBeGreaterThan(before)
    expect(disk.stat(`${root}/f`).modifiedAt).toBeLessThanOrEqual(Date.now() + 2000)
  })

  it('removes', () => {
    disk.open(`${root}/f`, 'create').close()
    disk.remove(`${root}/f`)
    expect(disk.list(root)).toEqual([])
    expect(() => disk.remove(`${root}/f`)).toThrow('ENOENT')
  })

  it('locks a directory once', async () => {
    const lock = (directory: string) =>
      new Promise<{ release(): void }>((resolve, reject) => {
        disk.lock(directory, (error, held) => (held === undefined ? reject(error!) : resolve(held)))
      })
    const held = await lock(root)
    await expect(lock(root)).rejects.toThrow('in use by another server')
    held.release()
    ;(await lock(root)).release()
  })
})

describe('nodeDisk', () => {
  it('tells of errors by callback', async () => {
    const root = mkdtempSync(join(tmpdir(), 'tskeeper-disk-'))
    made.push(root)
    nodeDisk.open(`${root}/f`, 'create').close()
    const file = nodeDisk.open(`${root}/f`, 'read')
    await expect(finish((done) => file.writeAndSync(0, bytes('x'), done))).rejects.toThrow('EBADF')
    await expect(finish((done) => file.writeAndSync(0, new Uint8Array(1 << 20), done))).rejects.toThrow('EBADF')
    await expect(finish((done) => file.write(0, bytes('x'), done))).rejects.toThrow('EBADF')
    expect(() => file.truncate(5)).toThrow('EINVAL')
    file.close()
  })

  it('follows links to directories', () => {
    const root = mkdtempSync(join(tmpdir(), 'tskeeper-disk-'))
    made.push(root)
    nodeDisk.makeDirectory(`${root}/real`)
    symlinkSync(`${root}/real`, `${root}/link`)
    nodeDisk.makeDirectory(`${root}/link/version-2`)
    expect(nodeDisk.list(`${root}/real`)).toEqual(['version-2'])
  })
})
