/**
 * The world outside the core, as one argument. Production passes sockets, files and the system clock
 * (node-clock, node-network, node-disk); tests and simulation pass their own. The cut is at bytes of
 * sockets and files, so framing, codecs, log format, recovery and the flush loop run under all of them.
 */
import type { Logger } from 'pino'
import type { ProcessFacts } from './process-facts.ts'

export interface Host {
  readonly clock: Clock
  readonly network: Network
  readonly disk: Disk
  readonly random: Random
  readonly log: Logger
  /** Begins a gzip stream. */
  readonly gzip: () => Compressor
  /** What the admin words tell of the process. */
  readonly process: ProcessFacts
}

export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Monotonic milliseconds, with fractions; only differences mean anything. */
  now(): number
  /** Milliseconds since 1970, an integer; only to stamp txns and for people to read. */
  wallTime(): number
  /** Calls back once, not before `delayMs` have passed and never from inside this call. */
  after(delayMs: number, callback: () => void): Timer
  /** Calls back once, after everything the current turn of the event loop has delivered was handled. */
  endOfTurn(callback: () => void): void
}

export interface Random {
  /** A uniform integer in [0, limit). */
  below(limit: number): number
  bytes(count: number): Uint8Array
}

/** One TCP (or TLS) stream. Handlers are set once, in the turn in which the socket is handed over. */
export interface Socket {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  /** Bytes accepted by `write` and not yet taken by the operating system. */
  readonly bufferedBytes: number
  handlers: SocketHandlers
  /** The bytes belong to the socket from here on and must not be changed. */
  write(bytes: Uint8Array): void
  /** As a `write` of each, but handed to the system together. */
  writeAll(pieces: readonly Uint8Array[]): void
  pause(): void
  resume(): void
  /** Sends what is buffered, then FIN, and reads no more; `onClose` follows when the peer is done or has had two seconds. */
  end(): void
  /** Drops what is buffered and closes at once; `onClose` follows. */
  destroy(): void
}

export interface SocketHandlers {
  /** The bytes are not touched again by the host, so views of them stay good; each view keeps its chunk alive. */
  onData(bytes: Uint8Array): void
  /** `bufferedBytes` has come down to nothing after a `write` that could not be taken at once. */
  onDrain(): void
  /** The peer has sent FIN; this side can still write (half-open is allowed). */
  onEnd(): void
  /** Exactly once, last. */
  onClose(error: Error | undefined): void
}

export interface ListenOptions {
  /** Undefined = any address. */
  readonly host: string | undefined
  /** 0 = any free port. */
  readonly port: number
  /** Undefined or -1 = the system's default. */
  readonly backlog?: number | undefined
}

export interface Listener {
  readonly host: string
  readonly port: number
  close(done: () => void): void
}

export interface Network {
  listen(options: ListenOptions, onSocket: (socket: Socket) => void, done: (error: Error | undefined, listener: Listener | undefined) => void): void
  /** Calls one of the two, later; how long that may take is the caller's to say, by `cancel`. */
  connect(host: string, port: number, onConnect: (socket: Socket) => void, onError: (error: Error) => void): Connecting
}

/** A dial under way. */
export interface Connecting {
  /** Gives up: neither callback follows. */
  cancel(): void
}

export type DiskDone = (error: Error | undefined) => void
/** The value is there unless there is an error. */
export type DiskAnswer<T> = (error: Error | undefined, value: T) => void

/**
 * Files. Any call may wait for the disk as long as the disk likes, so each of them completes by callback, never from inside
 * the call, and throws nothing. A failed sync must never be repeated by the caller.
 */
export interface Files {
  /** Names in the directory, sorted; an absent directory is an error with code ENOENT. */
  list(directory: string, done: DiskAnswer<string[]>): void
  /** Undefined when absent. */
  stat(path: string, done: DiskAnswer<FileStatus | undefined>): void
  /** Whether this process may make files in the directory. */
  canWrite(directory: string, done: DiskAnswer<boolean>): void
  /** With all that is missing above it. */
  makeDirectory(path: string, done: DiskDone): void
  /** `create` truncates or makes the file; `update` and `read` need it to exist. */
  open(path: string, mode: OpenMode, done: DiskAnswer<DiskFile>): void
  rename(from: string, to: string, done: DiskDone): void
  /** As `rename` within one directory, then durable before `done`. */
  renameAndSync(from: string, to: string, done: DiskDone): void
  remove(path: string, done: DiskDone): void
  /** Makes the names made, renamed and removed in the directory durable. */
  syncDirectory(directory: string, done: DiskDone): void
}

export interface Disk extends Files {
  /**
   * The same files, for what the log of txns must not wait for: snapshots, purges, logs read for others, sizes. Of all that
   * is asked here one call at a time holds a thread, so that a disk that hangs leaves threads to the log and to names.
   */
  readonly aside: Files
  /**
   * Keeps every other server that asks the same off the directory, until `release` or the end of this process, however
   * it ends. The error is a DirectoryInUse when another one holds it.
   */
  lock(directory: string, done: (error: Error | undefined, lock: DirectoryLock | undefined) => void): void
}

export type OpenMode = 'read' | 'create' | 'update'

export interface FileStatus {
  readonly sizeBytes: number
  /** Wall-clock ms since 1970. */
  readonly modifiedAt: number
  readonly isDirectory: boolean
}

export interface DirectoryLock {
  release(done: () => void): void
}

export class DirectoryInUse extends Error {
  constructor(directory: string, holder: string) {
    super(`${directory} is in use by another server (${holder})`)
    this.name = 'DirectoryInUse'
  }
}

/** One call of a file at a time, but for a `close` while nothing is under way. */
export interface DiskFile {
  size(done: DiskAnswer<number>): void
  /** Up to `length` bytes from `position`, fewer at the end of the file. */
  read(position: number, length: number, done: DiskAnswer<Uint8Array>): void
  /** Writes all bytes or fails; not durable yet. The bytes must not change before `done`. */
  write(position: number, bytes: Uint8Array, done: DiskDone): void
  /** As `write`, then durable (data and the size needed to read it back) before `done`. */
  writeAndSync(position: number, bytes: Uint8Array, done: DiskDone): void
  sync(done: DiskDone): void
  truncate(length: number, done: DiskDone): void
  /** Nothing comes of an error: what had to be durable is. */
  close(done: () => void): void
}

/**
 * The same for who may wait, because nobody is served meanwhile: the tools of the command line, and tests. `immediateFiles`
 * makes Files of it. The server has no such thing.
 */
export interface BlockingFiles {
  list(directory: string): string[]
  stat(path: string): FileStatus | undefined
  canWrite(directory: string): boolean
  makeDirectory(path: string): void
  open(path: string, mode: OpenMode): BlockingFile
  rename(from: string, to: string): void
  remove(path: string): void
  syncDirectory(directory: string): void
}

export interface BlockingFile {
  size(): number
  read(position: number, length: number): Uint8Array
  write(position: number, bytes: Uint8Array): void
  sync(): void
  truncate(length: number): void
  close(): void
}

/** A stream of bytes made shorter, off the event loop. */
export interface Compressor {
  /** Hands on what is ready of the result, perhaps nothing yet; with `last`, everything. One call at a time. */
  compress(bytes: Uint8Array, last: boolean, done: (error: Error | undefined, compressed: Uint8Array) => void): void
}
