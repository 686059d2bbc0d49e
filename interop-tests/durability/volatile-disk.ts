// What a loss of power would leave, kept along with a trace. Bytes count once a sync that began after they were written has ended well, names once
// a sync of their directory has. What a sync failed to write is lost for good: the next one reports success without it.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Things done in order, of which a sync makes those durable that were done before it began. */
class Unsynced<T> {
  readonly #done: T[] = []
  #settled = 0
  /** A sync of it has failed. */
  failed = false

  get count(): number {
    return this.#done.length
  }

  add(one: T): void {
    this.#done.push(one)
  }

  /** How far a sync that begins now will get. */
  mark(): number {
    return this.#settled + this.#done.length
  }

  /** What became durable by a sync that has ended. */
  settle(mark: number, succeeded: boolean): T[] {
    const reached = this.#done.splice(0, Math.max(0, mark - this.#settled))
    this.#settled += reached.length
    if (succeeded) return reached
    this.failed = true
    return []
  }
}

type FileChange = { readonly kind: 'write'; readonly at: number; readonly bytes: Buffer } | { readonly kind: 'truncate'; readonly length: number }

export class TracedFile {
  readonly unsynced = new Unsynced<FileChange>()
  /** What a loss of power leaves of it, if its name is left. */
  durable: Buffer = Buffer.alloc(0)
  /** What a reader sees. */
  content: Buffer = Buffer.alloc(0)

  change(change: FileChange): void {
    this.unsynced.add(change)
    this.content = changed(this.content, change)
  }

  settle(mark: number, succeeded: boolean): void {
    for (const change of this.unsynced.settle(mark, succeeded)) this.durable = changed(this.durable, change)
  }
}

interface NameChange {
  readonly path: string
  readonly file: TracedFile | TracedDirectory
}

export class TracedDirectory {
  readonly unsynced = new Unsynced<NameChange>()
}

export class VolatileDisk {
  readonly #entries = new Map<string, TracedFile | TracedDirectory>()
  /** Names that a loss of power leaves. */
  readonly #durableEntries = new Map<string, TracedFile | TracedDirectory>()

  /** The directories are there for good; what is in them may never have been synced. */
  constructor(directories: readonly string[]) {
    for (const path of directories) {
      const directory = new TracedDirectory()
      this.#entries.set(path, directory)
      this.#durableEntries.set(path, directory)
    }
    for (const path of directories) this.#find(path)
  }

  /** Whatever is there is there for good. */
  syncAll(): void {
    for (const entry of this.#entries.values()) this.settle(entry, entry.unsynced.mark(), true)
  }

  #find(directory: string): void {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name)
      if (entry.isDirectory()) {
        this.makeDirectory(path)
        this.#find(path)
      } else if (entry.isFile()) {
        this.create(path).change({ kind: 'write', at: 0, bytes: readFileSync(path) })
      }
    }
  }

  file(path: string): TracedFile | undefined {
    const entry = this.#entries.get(path)
    return entry instanceof TracedFile ? entry : undefined
  }

  entry(path: string): TracedFile | TracedDirectory | undefined {
    return this.#entries.get(path)
  }

  makeDirectory(path: string): void {
    this.#link(path, new TracedDirectory())
  }

  create(path: string): TracedFile {
    const file = new TracedFile()
    this.#link(path, file)
    return file
  }

  rename(from: string, to: string): void {
    const entry = this.#entries.get(from)
    if (entry === undefined) return
    this.unlink(from)
    this.#link(to, entry)
  }

  /** A name that is taken away may be gone for good at once. */
  unlink(path: string): void {
    this.#entries.delete(path)
    this.#durableEntries.delete(path)
  }

  settle(entry: TracedFile | TracedDirectory, mark: number, succeeded: boolean): void {
    if (entry instanceof TracedFile) entry.settle(mark, succeeded)
    else for (const { path, file } of entry.unsynced.settle(mark, succeeded)) if (this.#entries.get(path) === file) this.#durableEntries.set(path, file)
  }

  /** Files that a loss of power leaves, by path. */
  *durableFiles(): Generator<[path: string, file: TracedFile]> {
    for (const [path, entry] of this.#durableEntries) if (entry instanceof TracedFile && this.#isReachable(dirname(path))) yield [path, entry]
  }

  /** Names, of files that are not being written, that a loss of power may take. */
  fleetingNames(): string[] {
    return [...this.#entries].flatMap(([path, entry]) => (this.#durableEntries.get(path) === entry ? [] : [path]))
  }

  #isReachable(directory: string): boolean {
    // Above what is looked at, everything is there for good.
    if (!this.#entries.has(directory)) return true
    return this.#durableEntries.has(directory) && this.#isReachable(dirname(directory))
  }

  #link(path: string, entry: TracedFile | TracedDirectory): void {
    this.#entries.set(path, entry)
    const directory = this.#entries.get(dirname(path))
    if (directory instanceof TracedDirectory) directory.unsynced.add({ path, file: entry })
  }
}

function changed(bytes: Buffer, change: FileChange): Buffer {
  const end = change.kind === 'write' ? change.at + change.bytes.length : change.length
  if (change.kind === 'truncate' && end <= bytes.length) return bytes.subarray(0, end)
  const longer = end <= bytes.length ? bytes : Buffer.concat([bytes, Buffer.alloc(end - bytes.length)])
  if (change.kind === 'write') change.bytes.copy(longer, change.at)
  return longer
}
