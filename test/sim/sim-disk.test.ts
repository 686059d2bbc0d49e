// The disk of the simulation itself: what it keeps and what it may lose.
import { beforeEach, describe, expect, it } from 'vitest'
import type { DiskFault, DiskStep, SimDisk, SimFile, SimMount } from '../../src/sim/sim-disk.ts'
import { SimMachine } from '../../src/sim/sim-machine.ts'
import { SimNetwork } from '../../src/sim/sim-network.ts'
import { Halted, SimProcess } from '../../src/sim/sim-process.ts'
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
  mount.makeDirectory('/d')
}

/** The power goes, and another process looks. */
function losePower(survival: 'everything' | 'nothing' | 'some'): SimMount {
  mount.process.kill()
  disk.losePower(survival)
  return disk.mount(new SimProcess(machine, 'b'))
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
    const file = mount.open(NAME, 'create')
    mount.syncDirectory('/d')
    expect(finish((done) => file.writeAndSync(0, Buffer.from('kept'), done))).toBeUndefined()
    expect(finish((done) => file.write(4, Buffer.from(' lost'), done))).toBeUndefined()
    expect(Buffer.from(mount.readFile(NAME)).toString()).toBe('kept lost')
    expect(Buffer.from(losePower('nothing').readFile(NAME)).toString()).toBe('kept')
  })

  it('takes a name whose directory was not synced, be the file synced or not', () => {
    const file = mount.open(NAME, 'create')
    finish((done) => file.writeAndSync(0, Buffer.from('x'), done))
    expect(losePower('nothing').exists(NAME)).toBe(false)
  })

  it('takes a rename back, and leaves one that was synced', () => {
    for (const name of ['/d/x', '/d/y']) mount.open(name, 'create')
    mount.syncDirectory('/d')
    finish((done) => mount.renameAndSync('/d/x', '/d/x2', done))
    mount.rename('/d/y', '/d/y2')
    expect(mount.list('/d')).toEqual(['x2', 'y2'])
    expect(losePower('nothing').list('/d')).toEqual(['x2', 'y'])
  })

  it('leaves some sectors, in any order, and never a part of one', () => {
    const shapes = new Set<string>()
    for (let seed = 1; seed <= 60; seed++) {
      boot(seed)
      const file = mount.open(NAME, 'create')
      finish((done) => file.writeAndSync(0, new Uint8Array(4 * SECTOR), done))
      mount.syncDirectory('/d')
      finish((done) => file.write(0, new Uint8Array(4 * SECTOR).fill(1), done))
      const left = losePower('some').readFile(NAME)
      const sectors = [0, 1, 2, 3].map((at) => new Set(left.subarray(at * SECTOR, (at + 1) * SECTOR)))
      expect(sectors.every((values) => values.size === 1)).toBe(true)
      shapes.add(sectors.map(([value]) => value).join(''))
    }
    expect(shapes).toContain('0000')
    expect(shapes).toContain('1111')
    expect([...shapes].some((shape) => /01/.test(shape) && /10/.test(shape))).toBe(true)
  })

  it('ends what a process was doing', () => {
    const file = mount.open(NAME, 'create')
    file.writeAndSync(0, Buffer.from('x'), () => expect.unreachable())
    losePower('everything')
    world.run(1000)
    expect(() => mount.exists(NAME)).toThrow(Halted)
    expect(() => file.sync(() => undefined)).toThrow(Halted)
  })
})

describe('a disk that fails', () => {
  it('forgets what a failed sync was to write, whatever a later one says', () => {
    const file = mount.open(NAME, 'create')
    mount.syncDirectory('/d')
    failAt('sync', { code: 'EIO' })
    expect(finish((done) => file.writeAndSync(0, Buffer.from('gone'), done))).toMatchObject({ code: 'EIO' })
    disk.onStep = () => undefined
    mount.process.kill()
    mount = disk.mount(new SimProcess(machine, 'b'))
    expect(Buffer.from(mount.readFile(NAME)).toString()).toBe('gone')
    const again = mount.open(NAME, 'update')
    expect(finish((done) => again.sync(done))).toBeUndefined()
    expect(losePower('nothing').size(NAME)).toBe(0)
  })

  it.each<[what: string, left: string, then: (file: SimFile) => void]>([
    ['what was cut off since', 'kept', (file) => file.truncate(4)],
    ['what was written over since', 'keptXYne', (file) => file.write(4, Buffer.from('XY'), () => undefined)],
    ['what was written over in its middle', 'keptgXYe', (file) => file.write(5, Buffer.from('XY'), () => undefined)],
  ])('does not bring back %s', (_what, left, then) => {
    const file = mount.open(NAME, 'create')
    mount.syncDirectory('/d')
    finish((done) => file.writeAndSync(0, Buffer.from('kept'), done))
    failAt('sync', { code: 'EIO' })
    finish((done) => file.writeAndSync(4, Buffer.from('gone'), done))
    disk.onStep = () => undefined
    mount.process.kill()
    mount = disk.mount(new SimProcess(machine, 'b'))
    const again = mount.open(NAME, 'update')
    then(again)
    expect(finish((done) => again.sync(done))).toBeUndefined()
    expect(Buffer.from(losePower('everything').readFile(NAME)).toString()).toBe(left)
  })

  it('does not let the process that was told try again', () => {
    const file = mount.open(NAME, 'create')
    failAt('sync', { code: 'EIO' })
    finish((done) => file.sync(done))
    disk.onStep = () => undefined
    file.sync(() => undefined)
    expect(() => world.run(1)).toThrow(Violation)
  })

  it('writes a part of what it should', () => {
    const file = mount.open(NAME, 'create')
    failAt('write', { code: 'ENOSPC', isShort: true })
    expect(finish((done) => file.write(0, new Uint8Array(1000), done))).toMatchObject({ code: 'ENOSPC' })
    expect(mount.size(NAME)).toBeLessThan(1000)
    expect(mount.size(NAME)).toBeGreaterThan(0)
  })

  it('notices bytes that change while it writes them', () => {
    const file = mount.open(NAME, 'create')
    const bytes = Buffer.from('abc')
    file.write(0, bytes, () => undefined)
    bytes[0] = 0
    expect(() => world.run(1000)).toThrow(Violation)
  })
})

describe('a disk that hangs', () => {
  it('ends no sync before it comes back, those under way among them', () => {
    boot()
    const file = mount.open(NAME, 'create')
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
    boot()
    const file = mount.open(NAME, 'create')
    finish((done) => file.writeAndSync(0, Buffer.alloc(SECTOR * 40, 'x'), done))
    disk.spoil(NAME, world.random)
    const { from, to } = disk.names.get(NAME)!.unreadable!
    let met = 0
    disk.onUnreadable = () => void met++
    expect(() => file.read(from, 1)).toThrow('EIO')
    expect(() => mount.readFile(NAME)).toThrow('EIO')
    expect(met).toBe(2)
    if (from > 0) expect(file.read(0, from).length).toBe(from)
    if (to < SECTOR * 40) expect(file.read(to, 1).length).toBe(1)
    const outsider = new SimProcess(machine, 'inspector')
    outsider.seesSpoiled = false
    expect(disk.mount(outsider).readFile(NAME).length).toBe(SECTOR * 40)
    disk.repair()
    expect(mount.readFile(NAME).length).toBe(SECTOR * 40)
  })
})
