/**
 * A machine's disk, which outlives the processes that use it. What they have not synced may vanish, tear and be reordered
 * when power is lost. Whoever runs the simulation is told of each step before and after it, may end the process there,
 * and may make the step fail.
 */
import { Buffer } from 'node:buffer'
import { immediateFiles } from '../server/host/files-over.ts'
import { DirectoryInUse } from '../server/host/host.ts'
import type { DirectoryLock, Disk, DiskAnswer, DiskDone, DiskFile, Files, FileStatus, OpenMode } from '../server/host/host.ts'
import { filesInTurn } from '../server/host/turns-at-disk.ts'
import { Halted } from './mortal.ts'
import type { Mortal } from './mortal.ts'
import type { SeededRandom } from './seeded-random.ts'
import { SimFiles } from './sim-files.ts'
import { SECTOR_BYTES } from './sim-inode.ts'
import type { SimInode, Survival } from './sim-inode.ts'
import { baseName, directoryOf, SimNames } from './sim-names.ts'
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
  /** How often a call of any kind hangs, and for how long at most. */
  readonly stallChance: number
  readonly stallMs: number
}

export class SimDisk {
  names: SimNames
  speed: DiskSpeed = { writeMs: 0.2, syncMs: 2, slowSyncChance: 0, slowSyncMs: 0, stallChance: 0, stallMs: 0 }
  /** Asked before each step, told after it. May kill the process; a fault is looked at before the step only. */
  onStep: (step: DiskStep, owner: Mortal) => DiskFault | undefined = () => undefined
  /** Told when a process has met what cannot be read. */
  onUnreadable: (owner: Mortal, path: string) => void = () => undefined
  readonly #world: World
  readonly #locks = new Map<string, Mortal>()
  #hangsUntil = -Infinity
  readonly #stalls = new Map<Mortal, number>()
  /** Files of which a part cannot be read. */
  readonly #spoiled = new Set<SimInode>()

  constructor(world: World, names = new SimNames()) {
    this.#world = world
    this.names = names
  }

  /** The disk as one process sees it, while it lives. */
  mount(owner: Mortal): SimMount {
    return new SimMount(this.#world, this, owner, this.#locks)
  }

  /** No sync ends before so long has passed, whenever it began. */
  hang(ms: number): void {
    this.#hangsUntil = this.#world.now + ms
  }

  get hangsUntil(): number {
    return this.#hangsUntil
  }

  /** The next call of the process takes so long. */
  stallNext(owner: Mortal, ms: number): void {
    this.#stalls.set(owner, ms)
  }

  takeStall(owner: Mortal): number {
    const ms = this.#stalls.get(owner) ?? 0
    this.#stalls.delete(owner)
    return ms
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
    this.#stalls.clear()
    this.repair()
  }

  repair(): void {
    for (const inode of this.#spoiled) inode.unreadable = undefined
    this.#spoiled.clear()
  }

  /** What lies on it now, without any step: for who looks at it from outside. */
  get files(): SimFiles {
    return new SimFiles(this.names)
  }

  /** The same for work that asks a disk. */
  look(): Files {
    return immediateFiles(this.files)
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
  readonly process: Mortal
  readonly disk: SimDisk
  /** As on a real machine: one call at a time. */
  readonly aside: Files
  readonly #locks: Map<string, Mortal>

  constructor(world: World, disk: SimDisk, owner: Mortal, locks: Map<string, Mortal>) {
    this.world = world
    this.disk = disk
    this.process = owner
    this.aside = filesInTurn(this)
    this.#locks = locks
  }

  list(directory: string, done: DiskAnswer<string[]>): void {
    this.#answer(done, () => this.disk.files.list(directory))
  }

  stat(path: string, done: DiskAnswer<FileStatus | undefined>): void {
    this.#answer(done, () => this.disk.files.stat(path))
  }

  canWrite(directory: string, done: DiskAnswer<boolean>): void {
    this.#answer(done, () => this.disk.files.canWrite(directory))
  }

  makeDirectory(path: string, done: DiskDone): void {
    this.#answer(done, () => this.disk.files.makeDirectory(path))
  }

  open(path: string, mode: OpenMode, done: DiskAnswer<SimFile>): void {
    this.#answer(done, () => {
      if (mode === 'create') this.#step('create', path, () => this.disk.files.create(path, this.process.clock.wallTime()))
      return new SimFile(this, path, this.disk.files.inode(path))
    })
  }

  rename(from: string, to: string, done: DiskDone): void {
    this.#answer(done, () => this.#rename(from, to))
  }

  renameAndSync(from: string, to: string, done: DiskDone): void {
    this.rename(from, to, (error) => {
      if (error !== undefined) return done(error)
      // The second half is a step of its own: power may go between the two.
      this.sync(done, () => this.#step('syncDirectory', to, () => this.disk.names.sync(directoryOf(to))))
    })
  }

  remove(path: string, done: DiskDone): void {
    this.#answer(done, () => {
      this.disk.files.inode(path)
      this.#step('remove', path, () => this.disk.names.remove(path))
    })
  }

  syncDirectory(directory: string, done: DiskDone): void {
    this.sync(done, () => {
      this.disk.files.list(directory)
      this.#step('syncDirectory', directory, () => this.disk.names.sync(directory))
    })
  }

  lock(directory: string, done: (error: Error | undefined, lock: DirectoryLock | undefined) => void): void {
    this.checkAlive()
    const holder = this.#locks.get(directory)
    const isTaken = holder?.isAlive === true
    if (!isTaken) this.#locks.set(directory, this.process)
    this.process.deliver(() => {
      if (isTaken) done(new DirectoryInUse(directory, holder.name), undefined)
      else done(undefined, { release: (released) => this.#answer(released, () => void this.#locks.delete(directory)) })
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
  work<T>(longestMs: number, done: DiskAnswer<T>, work: () => T, waitsForSync = false): void {
    this.checkAlive()
    const end = (): void => {
      if (!this.process.isAlive) return
      if (waitsForSync && this.world.now < this.disk.hangsUntil) return void this.world.at(this.disk.hangsUntil, end)
      let error: Error | undefined
      let value: T | undefined
      try {
        value = work()
      } catch (thrown) {
        if (thrown instanceof Halted) return
        error = thrown as Error
      }
      this.process.deliver(() => done(error, value as T))
    }
    this.world.at(this.process.now + this.world.random.between(0, longestMs) + this.#stall(), end)
  }

  /** As `work` for what makes something durable. */
  sync(done: DiskDone, work: () => void): void {
    const { syncMs, slowSyncChance, slowSyncMs } = this.disk.speed
    this.work(this.world.random.chance(slowSyncChance) ? slowSyncMs : syncMs, done, work, true)
  }

  #answer<T>(done: DiskAnswer<T>, work: () => T): void {
    this.work(this.disk.speed.writeMs, done, work)
  }

  #stall(): number {
    const { stallChance, stallMs } = this.disk.speed
    const isDrawn = stallChance > 0 && this.world.random.chance(stallChance)
    const ms = this.disk.takeStall(this.process) + (isDrawn ? this.world.random.between(0, stallMs) : 0)
    if (ms > 0) this.world.journal.note(`the disk of ${this.process.name} stalls for ${ms} ms`)
    return ms
  }

  /** Who looks on from outside sees the whole disk. */
  read(inode: SimInode, path: string, position: number, length: number): Uint8Array {
    const { unreadable } = inode
    const isHit = unreadable !== undefined && position < unreadable.to && position + length > unreadable.from
    if (isHit) {
      this.world.journal.note(`${this.process.name} cannot read ${baseName(path)}`)
      this.disk.onUnreadable(this.process, path)
      throw faultError({ code: 'EIO' }, 'read', path)
    }
    return inode.read(position, length)
  }

  #rename(from: string, to: string): void {
    this.disk.files.inode(from)
    this.#step('rename', to, () => this.disk.names.rename(from, to))
  }

  #step(kind: StepKind, path: string, work: () => void): void {
    const fault = this.before(kind, path)
    if (fault !== undefined) throw faultError(fault, kind, path)
    work()
    this.after(kind, path)
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

  size(done: DiskAnswer<number>): void {
    this.#mount.work(this.#mount.disk.speed.writeMs, done, () => this.#inode.length)
  }

  read(position: number, length: number, done: DiskAnswer<Uint8Array>): void {
    this.#mount.work(this.#mount.disk.speed.writeMs, done, () => this.#mount.read(this.#inode, this.#path, position, length))
  }

  write(position: number, bytes: Uint8Array, done: DiskDone): void {
    const copy = new Uint8Array(bytes)
    this.#mount.work(this.#mount.disk.speed.writeMs, done, () => {
      this.#checkUnchanged(copy, bytes)
      this.#write(position, copy)
    })
  }

  writeAndSync(position: number, bytes: Uint8Array, done: DiskDone): void {
    const copy = new Uint8Array(bytes)
    this.write(position, bytes, (error) => {
      if (error !== undefined) return done(error)
      this.sync((syncError) => {
        this.#checkUnchanged(copy, bytes)
        done(syncError)
      })
    })
  }

  /** What was written before the call is covered, whatever is written before the disk has done it. */
  sync(done: DiskDone): void {
    const sync = this.#inode.beginSync()
    this.#mount.sync(done, () => {
      const fault = this.#mount.before('sync', this.#path)
      this.#refuseRetry()
      if (fault !== undefined) {
        sync.fail()
        this.#inode.toldOfFailure.add(this.#mount.process)
        throw faultError(fault, 'sync', this.#path)
      }
      sync.succeed()
      this.#mount.after('sync', this.#path)
    })
  }

  truncate(length: number, done: DiskDone): void {
    this.#mount.work(this.#mount.disk.speed.writeMs, done, () => {
      const kind = length > this.#inode.length ? 'extend' : 'truncate'
      const fault = this.#mount.before(kind, this.#path)
      if (fault !== undefined) throw faultError(fault, kind, this.#path)
      this.#inode.truncate(length)
      this.#mount.after(kind, this.#path)
    })
  }

  close(done: () => void): void {
    this.#mount.work(this.#mount.disk.speed.writeMs, done, () => undefined)
  }

  /** As if a sync of it had come and gone. For servers that are made wrong on purpose. */
  makeDurable(): void {
    this.#inode.beginSync().succeed()
  }

  #write(position: number, bytes: Uint8Array): void {
    const { process: owner, world } = this.#mount
    const fault = this.#mount.before('write', this.#path)
    this.#refuseRetry()
    this.#inode.modifiedAt = owner.clock.wallTime()
    if (fault?.isShort === true) this.#inode.write(position, bytes.subarray(0, world.random.below(bytes.length)))
    if (fault !== undefined) throw faultError(fault, 'write', this.#path)
    this.#inode.write(position, bytes)
    this.#mount.after('write', this.#path)
  }

  #checkUnchanged(copy: Uint8Array, bytes: Uint8Array): void {
    if (Buffer.compare(copy, bytes) !== 0) this.#mount.world.fail(new Violation(`bytes were changed while they were written to ${this.#path}`))
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
