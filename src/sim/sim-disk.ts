/**
 * A machine's disk, which outlives the processes that use it. What they have not synced may vanish, tear and be reordered
 * when power is lost. Whoever runs the simulation is told of each step before and after it, may end the process there,
 * and may make the step fail.
 */
import { Buffer } from 'node:buffer'
import { DirectoryInUse } from '../server/host/host.ts'
import type { Disk, DiskDone, DiskFile, DirectoryLock, FileStatus } from '../server/host/host.ts'
import type { SeededRandom } from './seeded-random.ts'
import { baseName, directoryOf, SimNames } from './sim-names.ts'
import { SECTOR_BYTES, SimInode } from './sim-inode.ts'
import type { Survival } from './sim-inode.ts'
import { Halted } from './sim-process.ts'
import type { SimProcess } from './sim-process.ts'
import { Violation } from './world.ts'
import type { World } from './world.ts'

export type StepKind = 'create' | 'write' | 'sync' | 'extend' | 'truncate' | 'rename' | 'remove' | 'syncDirectory'

export interface DiskStep {
  readonly kind: StepKind
  /** After: what was asked for is done, and nobody was told yet. */
  readonly phase: 'before' | 'after'
  /** Of a directory that is synced for the sake of one name, the file's. */
  readonly path: string
}

/** How a step fails. A short write leaves a part of the bytes in the file. */
export interface DiskFault {
  readonly code: 'ENOSPC' | 'EIO'
  readonly isShort?: boolean
}

export interface DiskSpeed {
  /** The longest that a write and a sync usually take, ms. */
  readonly writeMs: number
  readonly syncMs: number
  /** How often a sync is slow, and how slow at most. */
  readonly slowSyncChance: number
  readonly slowSyncMs: number
}

export class SimDisk {
  names: SimNames
  speed: DiskSpeed = { writeMs: 0.2, syncMs: 2, slowSyncChance: 0, slowSyncMs: 0 }
  /** Asked before each step, told after it. May kill the process; a fault is looked at before the step only. */
  onStep: (step: DiskStep, owner: SimProcess) => DiskFault | undefined = () => undefined
  /** Told when a process has met what cannot be read. */
  onUnreadable: (owner: SimProcess) => void = () => undefined
  readonly #world: World
  readonly #locks = new Map<string, SimProcess>()
  #hangsUntil = -Infinity
  /** Files of which a part cannot be read. */
  readonly #spoiled = new Set<SimInode>()

  constructor(world: World, names = new SimNames()) {
    this.#world = world
    this.names = names
  }

  /** The disk as one process sees it, while it lives. */
  mount(owner: SimProcess): SimMount {
    return new SimMount(this.#world, this, owner, this.#locks)
  }

  /** No sync ends before so long has passed, whenever it began. */
  hang(ms: number): void {
    this.#hangsUntil = this.#world.now + ms
  }

  get hangsUntil(): number {
    return this.#hangsUntil
  }

  /** A few sectors of a file cannot be read, until the disk is repaired. */
  spoil(path: string, random: SeededRandom): void {
    const inode = this.names.get(path)
    if (inode === undefined || inode.length === 0) return
    const from = random.below(Math.ceil(inode.length / SECTOR_BYTES)) * SECTOR_BYTES
    inode.unreadable = { from, to: from + SECTOR_BYTES * (1 + random.below(4)) }
    this.#spoiled.add(inode)
  }

  heal(): void {
    this.#hangsUntil = -Infinity
    this.repair()
  }

  repair(): void {
    for (const inode of this.#spoiled) inode.unreadable = undefined
    this.#spoiled.clear()
  }

  losePower(survival: Survival): void {
    this.names = this.names.survivors(survival, this.#world.random)
  }

  /** Another disk, as a loss of power would leave this one now. */
  survivor(survival: Survival, random: SeededRandom): SimDisk {
    return new SimDisk(this.#world, this.names.survivors(survival, random))
  }
}

export class SimMount implements Disk {
  readonly world: World
  readonly process: SimProcess
  readonly disk: SimDisk
  readonly #locks: Map<string, SimProcess>

  constructor(world: World, disk: SimDisk, owner: SimProcess, locks: Map<string, SimProcess>) {
    this.world = world
    this.disk = disk
    this.process = owner
    this.#locks = locks
  }

  list(directory: string): string[] {
    this.#directory(directory)
    return this.disk.names.list(directory)
  }

  exists(path: string): boolean {
    this.checkAlive()
    return this.disk.names.get(path) !== undefined || this.disk.names.directories.has(path)
  }

  size(path: string): number {
    return this.#inode(path).length
  }

  stat(path: string): FileStatus {
    if (this.disk.names.directories.has(path)) return { sizeBytes: 0, modifiedAt: 0, isDirectory: true }
    const inode = this.#inode(path)
    return { sizeBytes: inode.length, modifiedAt: inode.modifiedAt, isDirectory: false }
  }

  canWrite(directory: string): boolean {
    this.checkAlive()
    return this.disk.names.directories.has(directory)
  }

  makeDirectory(path: string): void {
    this.checkAlive()
    this.disk.names.makeDirectory(path)
  }

  readFile(path: string): Uint8Array {
    const inode = this.#inode(path)
    return this.read(inode, path, 0, inode.length)
  }

  /** Who looks on from outside sees the whole disk. */
  read(inode: SimInode, path: string, position: number, length: number): Uint8Array {
    this.checkAlive()
    const { unreadable } = inode
    const isHit = unreadable !== undefined && this.process.seesSpoiled && position < unreadable.to && position + length > unreadable.from
    if (isHit) {
      this.world.journal.note(`${this.process.name} cannot read ${baseName(path)}`)
      this.disk.onUnreadable(this.process)
      throw faultError({ code: 'EIO' }, 'read', path)
    }
    return inode.read(position, length)
  }

  open(path: string, mode: 'read' | 'create' | 'update'): SimFile {
    if (mode === 'create') {
      this.#directory(directoryOf(path))
      this.#now('create', path, () => {
        if (this.disk.names.get(path) === undefined) this.disk.names.add(path, new SimInode())
        else this.#inode(path).truncate(0)
        this.#inode(path).modifiedAt = this.process.clock.wallTime()
      })
    }
    return new SimFile(this, path, this.#inode(path))
  }

  rename(from: string, to: string): void {
    this.#inode(from)
    this.#now('rename', to, () => this.disk.names.rename(from, to))
  }

  renameAndSync(from: string, to: string, done: DiskDone): void {
    this.later(this.disk.speed.writeMs, done, () => {
      this.rename(from, to)
      // The second half is a step of its own: power may go between the two.
      this.later(this.syncDelay(), done, () => this.#now('syncDirectory', to, () => this.disk.names.sync(directoryOf(to))), true, true)
    })
  }

  /** The first half of `renameAndSync`. For servers that are made wrong on purpose. */
  renameUnsynced(from: string, to: string, done: DiskDone): void {
    this.later(this.disk.speed.writeMs, done, () => this.rename(from, to), true)
  }

  remove(path: string): void {
    this.#inode(path)
    this.#now('remove', path, () => this.disk.names.remove(path))
  }

  syncDirectory(directory: string): void {
    this.#directory(directory)
    this.#now('syncDirectory', directory, () => this.disk.names.sync(directory))
  }

  lock(directory: string, done: (error: Error | undefined, lock: DirectoryLock | undefined) => void): void {
    this.checkAlive()
    const holder = this.#locks.get(directory)
    const isTaken = holder?.isAlive === true
    if (!isTaken) this.#locks.set(directory, this.process)
    this.process.deliver(() => {
      if (isTaken) done(new DirectoryInUse(directory, holder.name), undefined)
      else done(undefined, { release: () => void this.#locks.delete(directory) })
    })
  }

  checkAlive(): void {
    if (!this.process.isAlive) throw new Halted()
  }

  /** Tells of a step; what it throws is how the step fails. */
  before(kind: StepKind, path: string): DiskFault | undefined {
    this.checkAlive()
    this.world.journal.note(`${this.process.name} ${kind} ${baseName(path)}`)
    const fault = this.disk.onStep({ kind, phase: 'before', path }, this.process)
    this.checkAlive()
    if (fault !== undefined) this.world.journal.note(`${this.process.name} ${kind} ${baseName(path)} fails: ${fault.code}`)
    return fault
  }

  after(kind: StepKind, path: string): void {
    this.disk.onStep({ kind, phase: 'after', path }, this.process)
    this.checkAlive()
  }

  /** Works after a while in the kernel's own time, and tells the process in one of its turns. */
  later(longestMs: number, done: DiskDone, work: () => void, isLast = false, waitsForSync = false): void {
    const end = (): void => {
      if (!this.process.isAlive) return
      if (waitsForSync && this.world.now < this.disk.hangsUntil) return void this.world.at(this.disk.hangsUntil, end)
      let error: Error | undefined
      try {
        work()
      } catch (thrown) {
        if (thrown instanceof Halted) return
        error = thrown as Error
      }
      if (error !== undefined || isLast) this.process.deliver(() => done(error))
    }
    this.world.at(this.process.now + this.world.random.between(0, longestMs), end)
  }

  syncDelay(): number {
    const { syncMs, slowSyncChance, slowSyncMs } = this.disk.speed
    return this.world.random.chance(slowSyncChance) ? slowSyncMs : syncMs
  }

  #now(kind: StepKind, path: string, work: () => void): void {
    const fault = this.before(kind, path)
    if (fault !== undefined) throw faultError(fault, kind, path)
    work()
    this.after(kind, path)
  }

  #inode(path: string): SimInode {
    this.checkAlive()
    const inode = this.disk.names.get(path)
    if (inode === undefined) throw missing(path)
    return inode
  }

  #directory(path: string): void {
    this.checkAlive()
    if (!this.disk.names.directories.has(path)) throw missing(path)
  }
}

export class SimFile implements DiskFile {
  readonly #mount: SimMount
  readonly #path: string
  readonly #inode: SimInode

  constructor(mount: SimMount, path: string, inode: SimInode) {
    this.#mount = mount
    this.#path = path
    this.#inode = inode
  }

  get size(): number {
    return this.#inode.length
  }

  read(position: number, length: number): Uint8Array {
    return this.#mount.read(this.#inode, this.#path, position, length)
  }

  write(position: number, bytes: Uint8Array, done: DiskDone): void {
    const check = this.#write(position, bytes, done)
    if (check === undefined) return
    this.#mount.later(this.#mount.disk.speed.writeMs, done, () => {
      check()
      this.#mount.after('write', this.#path)
    }, true)
  }

  writeAndSync(position: number, bytes: Uint8Array, done: DiskDone): void {
    const check = this.#write(position, bytes, done)
    if (check === undefined) return
    this.#sync(done, check)
  }

  sync(done: DiskDone): void {
    this.#sync(done, () => undefined)
  }

  truncate(length: number): void {
    const kind = length > this.#inode.length ? 'extend' : 'truncate'
    const fault = this.#mount.before(kind, this.#path)
    if (fault !== undefined) throw faultError(fault, kind, this.#path)
    this.#inode.truncate(length)
    this.#mount.after(kind, this.#path)
  }

  close(): void {
    // Nothing is held open.
  }

  /** As if a sync of it had come and gone. For servers that are made wrong on purpose. */
  makeDurable(): void {
    this.#inode.beginSync().succeed()
  }

  /** Changes the file at once; undefined when it failed and `done` will hear of it. */
  #write(position: number, bytes: Uint8Array, done: DiskDone): (() => void) | undefined {
    const owner = this.#mount.process
    const fault = this.#mount.before('write', this.#path)
    this.#refuseRetry()
    this.#inode.modifiedAt = owner.clock.wallTime()
    if (fault !== undefined) {
      if (fault.isShort) this.#inode.write(position, bytes.subarray(0, this.#mount.world.random.below(bytes.length)))
      this.#mount.later(this.#mount.disk.speed.writeMs, done, () => {
        throw faultError(fault, 'write', this.#path)
      })
      return undefined
    }
    const copy = this.#inode.write(position, bytes)
    return () => {
      if (Buffer.compare(copy, bytes) !== 0) this.#mount.world.fail(new Violation(`bytes were changed while they were written to ${this.#path}`))
    }
  }

  #sync(done: DiskDone, check: () => void): void {
    const fault = this.#mount.before('sync', this.#path)
    this.#refuseRetry()
    const sync = this.#inode.beginSync()
    this.#mount.later(this.#mount.syncDelay(), done, () => {
      check()
      if (fault !== undefined) {
        sync.fail()
        this.#inode.toldOfFailure.add(this.#mount.process)
        throw faultError(fault, 'sync', this.#path)
      }
      sync.succeed()
      this.#mount.after('sync', this.#path)
    }, true, true)
  }

  /** Linux forgets what it could not write: a second sync succeeds, and lies. */
  #refuseRetry(): void {
    const { world, process: owner } = this.#mount
    if (this.#inode.toldOfFailure.has(owner)) world.fail(new Violation(`${this.#path} is written to or synced although a sync of it has failed`))
  }
}

function faultError(fault: DiskFault, kind: StepKind | 'read', path: string): Error {
  return Object.assign(new Error(`${fault.code}: ${kind} '${path}'`), { code: fault.code })
}

function missing(path: string): Error {
  return Object.assign(new Error(`ENOENT: no such file or directory, '${path}'`), { code: 'ENOENT' })
}
