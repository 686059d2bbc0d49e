// The disk of the simulation itself: what it keeps and what it may lose.
import { beforeEach, describe, expect, it } from 'vitest'
import type { DiskDone, OpenMode } from '../../src/server/host/host.ts'
import type { DiskFault, DiskStep, SimDisk, SimFile, SimMount } from '../../src/sim/sim-disk.ts'
import type { SimFiles } from '../../src/sim/sim-files.ts'
import { SimMachine } from '../../src/sim/sim-machine.ts'
import { SimNetwork } from '../../src/sim/sim-network.ts'
import { Halted } from '../../src/sim/mortal.ts'
import { SimProcess } from '../../src/sim/sim-process.ts'
import { Violation, World } from '../../src/sim/world.ts'

const NAME = '/d/a'
const SECTOR = 512

let world: World
let machine: SimMachine
let disk: SimDisk
let mount: SimMount

function boot(seed = 1): void {
  world = new World(seed)
  machine = new SimMachine(new SimNetwork(world))
  disk = machine.disk
  mount = disk.mount(new SimProcess(machine, 'a'))
  disk.files.makeDirectory('/d')
}

function open(mode: OpenMode): SimFile {
  let opened: SimFile | undefined
  mount.open(NAME, mode, (_error, file) => (opened = file))
  world.run(1000)
  return opened!
}

/** A file whose name is durable. */
function create(): SimFile {
  const file = open('create')
  disk.files.syncDirectory('/d')
  return file
}

/** What lies on the disk. */
function content(): string {
  return Buffer.from(disk.files.inode(NAME).read(0, 10_000)).toString('latin1')
}

/** The power goes. */
function losePower(survival: 'everything' | 'nothing' | 'some'): SimFiles {
  mount.process.kill()
  disk.losePower(survival)
  return disk.files
}

/** Runs until the disk has called back; gives its error. */
function finish(start: (done: (error: Error | undefined) => void) => void): Error | undefined {
  let result: { error: Error | undefined } | undefined
  start((error) => (result = { error }))
  expect(result).toBeUndefined()
  world.run(1000)
  if (result === undefined) throw new Error('the disk does not call back')
  return result.error
}

function failAt(kind: DiskStep['kind'], fault: DiskFault): void {
  disk.onStep = (step) => (step.kind === kind && step.phase === 'before' ? fault : undefined)
}

beforeEach(() => boot())

describe('a loss of power', () => {
  it('takes what was written and not synced', () => {
    const file = create()
    expect(finish((done) => file.writeAndSync(0, Buffer.from('kept'), done))).toBeUndefined()
    expect(finish((done) => file.write(4, Buffer.from(' lost'), done))).toBeUndefined()
    expect(content()).toBe('kept lost')
    losePower('nothing')
    expect(content()).toBe('kept')
  })

  it('takes a name whose directory was not synced, be the file synced or not', () => {
    const file = open('create')
    finish((done) => file.writeAndSync(0, Buffer.from('x'), done))
    expect(losePower('nothing').stat(NAME)).toBeUndefined()
  })

  it('takes a rename back, and leaves one that was synced', () => {
    for (const name of ['/d/x', '/d/y']) disk.files.create(name, 0)
    disk.files.syncDirectory('/d')
    finish((done) => mount.renameAndSync('/d/x', '/d/x2', done))
    finish((done) => mount.rename('/d/y', '/d/y2', done))
    expect(disk.files.list('/d')).toEqual(['x2', 'y2'])
    expect(losePower('nothing').list('/d')).toEqual(['x2', 'y'])
  })

  it('leaves some sectors, in any order, and never a part of one', () => {
    const shapes = new Set<string>()
    for (let seed = 1; seed <= 60; seed++) {
      boot(seed)
      const file = open('create')
      finish((done) => file.writeAndSync(0, new Uint8Array(4 * SECTOR), done))
      disk.files.syncDirectory('/d')
      finish((done) => file.write(0, new Uint8Array(4 * SECTOR).fill(1), done))
      const left = losePower('some')
        .inode(NAME)
        .read(0, 4 * SECTOR)
      const sectors = [0, 1, 2, 3].map((at) => new Set(left.subarray(at * SECTOR, (at + 1) * SECTOR)))
      expect(sectors.every((values) => values.size === 1)).toBe(true)
      shapes.add(sectors.map(([value]) => value).join(''))
    }
    expect(shapes).toContain('0000')
    expect(shapes).toContain('1111')
    expect([...shapes].some((shape) => /01/.test(shape) && /10/.test(shape))).toBe(true)
  })

  it('ends what a process was doing', () => {
    const file = open('create')
    file.writeAndSync(0, Buffer.from('x'), () => expect.unreachable())
    losePower('everything')
    world.run(1000)
    expect(() => mount.stat(NAME, () => undefined)).toThrow(Halted)
    expect(() => file.sync(() => undefined)).toThrow(Halted)
  })
})

describe('a disk that fails', () => {
  it('forgets what a failed sync was to write, whatever a later one says', () => {
    const file = create()
    failAt('sync', { code: 'EIO' })
    expect(finish((done) => file.writeAndSync(0, Buffer.from('gone'), done))).toMatchObject({ code: 'EIO' })
    disk.onStep = () => undefined
    mount.process.kill()
    mount = disk.mount(new SimProcess(machine, 'b'))
    expect(content()).toBe('gone')
    const again = open('update')
    expect(finish((done) => again.sync(done))).toBeUndefined()
    expect(losePower('nothing').inode(NAME).length).toBe(0)
  })

  it.each<[what: string, left: string, then: (file: SimFile, done: DiskDone) => void]>([
    ['what was cut off since', 'kept', (file, done) => file.truncate(4, done)],
    ['what was written over since', 'keptXYne', (file, done) => file.write(4, Buffer.from('XY'), done)],
    ['what was written over in its middle', 'keptgXYe', (file, done) => file.write(5, Buffer.from('XY'), done)],
  ])('does not bring back %s', (_what, left, then) => {
    const file = create()
    finish((done) => file.writeAndSync(0, Buffer.from('kept'), done))
    failAt('sync', { code: 'EIO' })
    finish((done) => file.writeAndSync(4, Buffer.from('gone'), done))
    disk.onStep = () => undefined
    mount.process.kill()
    mount = disk.mount(new SimProcess(machine, 'b'))
    const again = open('update')
    finish((done) => then(again, done))
    expect(finish((done) => again.sync(done))).toBeUndefined()
    losePower('everything')
    expect(content()).toBe(left)
  })

  it('does not let the process that was told try again', () => {
    const file = open('create')
    failAt('sync', { code: 'EIO' })
    finish((done) => file.sync(done))
    disk.onStep = () => undefined
    file.sync(() => undefined)
    expect(() => world.run(100)).toThrow(Violation)
  })

  it('writes a part of what it should', () => {
    const file = open('create')
    failAt('write', { code: 'ENOSPC', isShort: true })
    expect(finish((done) => file.write(0, new Uint8Array(1000), done))).toMatchObject({ code: 'ENOSPC' })
    expect(content().length).toBeLessThan(1000)
    expect(content().length).toBeGreaterThan(0)
  })

  it('notices bytes that change while it writes them', () => {
    const file = open('create')
    const bytes = Buffer.from('abc')
    file.write(0, bytes, () => undefined)
    bytes[0] = 0
    expect(() => world.run(1000)).toThrow(Violation)
  })
})

describe('a disk that stalls', () => {
  const calls: [what: string, call: (file: SimFile, done: DiskDone) => void][] = [
    ['list', (_file, done) => mount.list('/d', done)],
    ['stat', (_file, done) => mount.stat(NAME, done)],
    ['makeDirectory', (_file, done) => mount.makeDirectory('/e', done)],
    ['open', (_file, done) => mount.open(NAME, 'read', done)],
    ['rename', (_file, done) => mount.rename(NAME, '/d/b', done)],
    ['renameAndSync', (_file, done) => mount.renameAndSync(NAME, '/d/b', done)],
    ['remove', (_file, done) => mount.remove(NAME, done)],
    ['syncDirectory', (_file, done) => mount.syncDirectory('/d', done)],
    ['size', (file, done) => file.size(done)],
    ['read', (file, done) => file.read(0, 1, done)],
    ['write', (file, done) => file.write(0, Buffer.from('x'), done)],
    ['sync', (file, done) => file.sync(done)],
    ['truncate', (file, done) => file.truncate(0, done)],
    ['close', (file, done) => file.close(() => done(undefined))],
  ]

  it.each(calls)('does so at %s, and the process goes on meanwhile', (_what, call) => {
    const file = create()
    const usual = disk.speed
    disk.speed = { ...usual, stallChance: 1, stallMs: 100_000 }
    let isDone = false
    let ticks = 0
    call(file, () => (isDone = true))
    const tick = (): void => void (ticks++, mount.process.clock.after(10, tick))
    tick()
    expect(world.runUntil(() => isDone, 500)).toBe(false)
    expect(ticks).toBeGreaterThan(40)
    disk.speed = usual
    expect(world.runUntil(() => isDone, 100_000)).toBe(true)
  })
})

describe('a disk that hangs', () => {
  it('ends no sync before it comes back, those under way among them', () => {
    const file = create()
    const ends: number[] = []
    file.write(0, Buffer.from('a'), () => undefined)
    file.sync(() => void ends.push(world.now))
    disk.hang(500)
    file.sync(() => void ends.push(world.now))
    world.run(400)
    expect(ends).toEqual([])
    world.run(200)
    expect(ends.length).toBe(2)
  })
})

describe('sectors that cannot be read', () => {
  it('fail whoever reads them, not those beside them nor who looks on from outside, until the disk is repaired', () => {
    const file = create()
    const read = (position: number, length: number): Error | undefined => finish((done) => file.read(position, length, done))
    finish((done) => file.writeAndSync(0, Buffer.alloc(SECTOR * 40, 'x'), done))
    disk.spoil(NAME, world.random)
    const { from, to } = disk.names.get(NAME)!.unreadable!
    let met = 0
    disk.onUnreadable = () => void met++
    expect(read(from, 1)).toMatchObject({ code: 'EIO' })
    expect(read(0, SECTOR * 40)).toMatchObject({ code: 'EIO' })
    expect(met).toBe(2)
    if (from > 0) expect(read(0, from)).toBeUndefined()
    if (to < SECTOR * 40) expect(read(to, 1)).toBeUndefined()
    expect(content().length).toBe(10_000)
    disk.repair()
    expect(read(0, SECTOR * 40)).toBeUndefined()
  })
})
