/**
 * Writes snapshot files while the server serves: a slice of half a MiB, then everybody else's turn, then the next. The
 * file appears under its name when it is complete and durable (Java writes in place and syncs hardly ever), so that a
 * crash costs no older snapshot of the same zxid.
 */

import { assert } from '../../base/assert.ts'
import { hex } from '../../base/hex.ts'
import { defaultTurnLimits } from '../config/turn-limits.ts'
import type { TurnLimits } from '../config/turn-limits.ts'
import { run, wait } from '../host/disk-work.ts'
import type { DiskWork } from '../host/disk-work.ts'
import type { Compressor, DiskFile, Files, Host, Timer } from '../host/host.ts'
import { snapshotName, unfinishedName } from './file-names.ts'
import type { SnapshotSource } from './image.ts'
import { type Compression, SnappyStream } from './snapshot-compression.ts'
import { SnapshotEncoder } from './snapshot-encoder.ts'
import { SealedWriter } from './snapshot-format.ts'

/** What writing a snapshot needs of the host. */
export interface SnapshotHost extends Pick<Host, 'disk' | 'clock' | 'log'> {
  /** Begins a gzip stream. */
  readonly gzip: () => Compressor
}

export interface SnapshotWriterOptions {
  /** `version-2` below dataDir. */
  readonly directory: string
  readonly compression: Compression
  /** zookeeper.digest.enabled: whether the digest block is written. */
  readonly digestEnabled: boolean
  /** zookeeper.serializeLastProcessedZxid.enabled; without the digest block it is not written all the same. */
  readonly serializeLastProcessedZxid: boolean
  readonly turns?: TurnLimits
}

export interface WrittenSnapshot {
  readonly zxid: bigint
  readonly path: string
  readonly sizeBytes: number
  readonly elapsedMs: number
}

export type SnapshotDone = (error: Error | undefined, snapshot: WrittenSnapshot | undefined) => void

/** Delays a file's appearance until the log reaches as far as what is in the file: TxnLog.whenDurable. */
export type WhenDurable = (zxid: bigint, done: () => void) => void

/** Snappy is compressed on this thread, a few times slower than all the rest. */
const SNAPPY_SLICE_SIZE = 128 << 10
/** What is synced at once while it goes slowly: a commit of the log waits for less. */
const UNHURRIED_SYNC_SIZE = 4 << 20

export class SnapshotWriter {
  readonly #host: SnapshotHost
  readonly #options: SnapshotWriterOptions
  readonly #whenDurable: WhenDurable
  #job: SnapshotJob | undefined
  readonly #stopping: (() => void)[] = []

  constructor(host: SnapshotHost, options: SnapshotWriterOptions, whenDurable: WhenDurable = (_zxid, done) => host.clock.endOfTurn(done)) {
    this.#host = host
    this.#options = options
    this.#whenDurable = whenDurable
  }

  /** One snapshot is written at a time. */
  get busy(): boolean {
    return this.#job !== undefined
  }

  /**
   * Writes a snapshot named by the last zxid that is applied now; what is applied meanwhile may be in it. On an error
   * nothing of it stays, and all older files are untouched; Java ends the process with exit code 10 then. Unless
   * somebody waits for it, it leaves most of the disk to others.
   */
  write(source: SnapshotSource, done: SnapshotDone, isAwaited = true): void {
    assert(this.#job === undefined, 'one snapshot is written at a time')
    this.#job = new SnapshotJob(this.#host, this.#options, this.#whenDurable, source, isAwaited)
    this.#job.start((error, snapshot) => {
      this.#job = undefined
      if (this.#stopping.length === 0) done(error, snapshot)
      else for (const stopped of this.#stopping.splice(0)) stopped()
    })
  }

  /**
   * Gives up a snapshot that is being written: its callback is not called any more. Calls back once nothing touches the
   * disk, to be waited for before another server may have the directory.
   */
  stop(done: () => void): void {
    if (this.#job === undefined) {
      this.#host.clock.endOfTurn(done)
      return
    }
    this.#stopping.push(done)
    this.#job.abandon()
  }
}

const ABANDONED = new Error('the snapshot was given up')

class SnapshotJob {
  readonly #host: SnapshotHost
  readonly #files: Files
  readonly #options: SnapshotWriterOptions
  readonly #whenDurable: WhenDurable
  readonly #source: SnapshotSource
  readonly #encoder: SnapshotEncoder
  readonly #sealed = new SealedWriter()
  readonly #path: string
  readonly #unfinished: string
  readonly #compress: CompressSlice
  readonly #turns: TurnLimits
  readonly #startedAt: number
  #file: DiskFile | undefined
  #position = 0
  #synced = 0
  readonly #isAwaited: boolean
  /** Of the digest block: the log must reach as far before the file may be found. */
  #lastZxid: bigint
  #state: 'writing' | 'resting' | 'waiting for the log' | 'ended' = 'writing'
  #pause: Timer | undefined
  #abandoned = false
  #done: SnapshotDone = () => undefined

  constructor(host: SnapshotHost, options: SnapshotWriterOptions, whenDurable: WhenDurable, source: SnapshotSource, isAwaited: boolean) {
    this.#host = host
    this.#files = host.disk.aside
    this.#options = options
    this.#whenDurable = whenDurable
    this.#source = source
    this.#isAwaited = isAwaited
    this.#encoder = new SnapshotEncoder(source)
    this.#lastZxid = this.#encoder.zxid
    const name = snapshotName(this.#encoder.zxid, options.compression)
    this.#path = `${options.directory}/${name}`
    this.#unfinished = `${options.directory}/${unfinishedName(name)}`
    this.#compress = compressSlice(options.compression, host)
    this.#turns = options.turns ?? defaultTurnLimits
    this.#startedAt = host.clock.now()
  }

  start(done: SnapshotDone): void {
    this.#done = done
    this.#host.log.info(`Snapshotting: 0x${hex(this.#encoder.zxid)} to ${this.#path}`)
    this.#sealed.header()
    const complete = this.#encodeSlice()
    this.#files.open(this.#unfinished, 'create', (error, file) => {
      if (error === undefined) this.#file = file
      if (!this.#endedBy(error)) this.#writeSlice(file, complete)
    })
  }

  abandon(): void {
    this.#abandoned = true
    this.#pause?.cancel()
    // A log that failed never answers. All else comes to an end by itself.
    if (this.#state === 'waiting for the log' || this.#state === 'resting') this.#host.clock.endOfTurn(() => this.#end(ABANDONED))
  }

  #encodeSlice(): boolean {
    const { snapshotBytes } = this.#turns
    const limit = this.#options.compression === 'snappy' ? Math.min(SNAPPY_SLICE_SIZE, snapshotBytes) : snapshotBytes
    const complete = this.#encoder.fill(this.#sealed.writer, limit)
    if (!complete) return false
    this.#sealed.seal()
    const { digestEnabled, serializeLastProcessedZxid } = this.#options
    const lastZxid = this.#source.lastZxid()
    this.#lastZxid = lastZxid
    this.#sealed.trailer(digestEnabled ? this.#source.digest() : undefined, serializeLastProcessedZxid ? lastZxid : undefined)
    return true
  }

  #writeSlice(file: DiskFile, last: boolean): void {
    this.#compress(this.#sealed.take(), last, (compressError, bytes) => {
      if (this.#endedBy(compressError)) return
      file.write(this.#position, bytes, (error) => {
        this.#position += bytes.length
        if (this.#endedBy(error)) return
        if (last) this.#finish(file)
        else if (this.#isAwaited) this.#writeSlice(file, this.#encodeSlice())
        else this.#rest(file)
      })
    })
  }

  /** Until as much time has passed as what is written should have taken. */
  #rest(file: DiskFile): void {
    if (this.#position - this.#synced >= UNHURRIED_SYNC_SIZE) {
      this.#synced = this.#position
      file.sync((error) => {
        if (!this.#endedBy(error)) this.#rest(file)
      })
      return
    }
    const dueMs = this.#startedAt + (this.#position / this.#turns.snapshotPace) * 1000 - this.#host.clock.now()
    if (dueMs <= 0) return this.#writeSlice(file, this.#encodeSlice())
    this.#state = 'resting'
    this.#pause = this.#host.clock.after(dueMs, () => {
      this.#state = 'writing'
      this.#writeSlice(file, this.#encodeSlice())
    })
  }

  #finish(file: DiskFile): void {
    file.sync((error) => {
      if (this.#endedBy(error)) return
      this.#state = 'waiting for the log'
      this.#whenDurable(this.#lastZxid, () => this.#publish())
    })
  }

  #publish(): void {
    if (this.#state === 'ended') return
    this.#state = 'writing'
    if (!this.#endedBy(undefined)) this.#files.renameAndSync(this.#unfinished, this.#path, (error) => this.#end(error))
  }

  #endedBy(error: Error | undefined): boolean {
    if (error === undefined && !this.#abandoned) return false
    this.#end(error ?? ABANDONED)
    return true
  }

  #end(error: Error | undefined): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#encoder.close()
    run(this.#letGo(error !== undefined), (failure) => {
      // What made the snapshot fail may well make this fail; recovery removes what is left.
      if (failure !== undefined) this.#host.log.warn(failure, `cannot remove ${this.#unfinished}`)
      this.#tell(error)
    })
  }

  *#letGo(isFailed: boolean): DiskWork<void> {
    if (this.#file !== undefined) yield* wait.close(this.#file)
    if (isFailed && (yield* wait.stat(this.#files, this.#unfinished)) !== undefined) yield* wait.remove(this.#files, this.#unfinished)
  }

  #tell(error: Error | undefined): void {
    if (error !== undefined) return this.#done(error, undefined)
    const elapsedMs = this.#host.clock.now() - this.#startedAt
    this.#host.log.info(`Snapshot taken in ${Math.round(elapsedMs)} ms`)
    this.#done(undefined, { zxid: this.#encoder.zxid, path: this.#path, sizeBytes: this.#position, elapsedMs })
  }
}

type CompressSlice = (piece: Uint8Array, last: boolean, done: (error: Error | undefined, bytes: Uint8Array) => void) => void

function compressSlice(compression: Compression, host: SnapshotHost): CompressSlice {
  switch (compression) {
    case '':
      return (piece, _last, done) => done(undefined, piece)
    case 'snappy': {
      const stream = new SnappyStream()
      return (piece, _last, done) => done(undefined, stream.compress(piece))
    }
    case 'gz': {
      const stream: Compressor = host.gzip()
      return (piece, last, done) => stream.compress(piece, last, done)
    }
  }
}
