/**
 * Work that asks a disk again and again, written as if the disk answered at once: a generator that waits at each `yield*`.
 * A running server runs it by callbacks, and serves while the disk is at work; tools run it to its end. Between two waits it
 * does no more than a turn of the event loop has time for.
 */
import { assert } from '../../base/assert.ts'
import type { DiskAnswer, DiskFile, Files, FileStatus, OpenMode } from './host.ts'

/** One wait: asks the disk, which answers once. */
type Ask = (answer: (error: Error | undefined, value?: unknown) => void) => void

export type DiskWork<T> = Generator<Ask, T, unknown>

/** The calls of Files and DiskFile as waits, with what they answer; an error is thrown. */
export const wait = {
  list: (files: Files, directory: string): DiskWork<string[]> => answered((done) => files.list(directory, done)),
  stat: (files: Files, path: string): DiskWork<FileStatus | undefined> => answered((done) => files.stat(path, done)),
  canWrite: (files: Files, directory: string): DiskWork<boolean> => answered((done) => files.canWrite(directory, done)),
  makeDirectory: (files: Files, path: string): DiskWork<void> => answered((done) => files.makeDirectory(path, done)),
  open: (files: Files, path: string, mode: OpenMode): DiskWork<DiskFile> => answered((done) => files.open(path, mode, done)),
  rename: (files: Files, from: string, to: string): DiskWork<void> => answered((done) => files.rename(from, to, done)),
  renameAndSync: (files: Files, from: string, to: string): DiskWork<void> => answered((done) => files.renameAndSync(from, to, done)),
  remove: (files: Files, path: string): DiskWork<void> => answered((done) => files.remove(path, done)),
  syncDirectory: (files: Files, directory: string): DiskWork<void> => answered((done) => files.syncDirectory(directory, done)),
  size: (file: DiskFile): DiskWork<number> => answered((done) => file.size(done)),
  read: (file: DiskFile, position: number, length: number): DiskWork<Uint8Array> => answered((done) => file.read(position, length, done)),
  write: (file: DiskFile, position: number, bytes: Uint8Array): DiskWork<void> => answered((done) => file.write(position, bytes, done)),
  writeAndSync: (file: DiskFile, position: number, bytes: Uint8Array): DiskWork<void> => answered((done) => file.writeAndSync(position, bytes, done)),
  sync: (file: DiskFile): DiskWork<void> => answered((done) => file.sync(done)),
  truncate: (file: DiskFile, length: number): DiskWork<void> => answered((done) => file.truncate(length, done)),
  close: (file: DiskFile): DiskWork<void> => answered((done) => file.close(() => done(undefined, undefined))),
}

function* answered<T>(ask: (done: DiskAnswer<T>) => void): DiskWork<T> {
  return (yield ask) as T
}

/** The whole file; ENOENT when absent. */
export function* readWhole(files: Files, path: string): DiskWork<Uint8Array> {
  const file = yield* wait.open(files, path, 'read')
  try {
    return yield* wait.read(file, 0, yield* wait.size(file))
  } finally {
    yield* wait.close(file)
  }
}

/** The file holds these bytes, durably, or what it held before: they are written beside it, under a name of their own. */
export function* replaceWhole(files: Files, path: string, bytes: Uint8Array): DiskWork<void> {
  const file = yield* wait.open(files, `${path}.tmp`, 'create')
  try {
    yield* wait.writeAndSync(file, 0, bytes)
  } finally {
    yield* wait.close(file)
  }
  yield* wait.renameAndSync(files, `${path}.tmp`, path)
}

/** Begins the work; `done` comes at its end, or with what it has thrown, and not from inside this call unless the files are immediate. */
export function run<T>(work: DiskWork<T>, done: DiskAnswer<T>): void {
  let isStepping = false
  let answers: { readonly error: Error | undefined; readonly value: unknown }[] = []
  const step = (error: Error | undefined, value?: unknown): void => {
    answers.push({ error, value })
    // Immediate files answer from inside the ask: the loop below goes on with it.
    if (isStepping) return
    isStepping = true
    for (let answer = answers.shift(); answer !== undefined; answer = answers.shift()) {
      let next: IteratorResult<Ask, T>
      try {
        next = answer.error === undefined ? work.next(answer.value) : work.throw(answer.error)
      } catch (thrown) {
        answers = []
        return done(thrown as Error, undefined as never)
      }
      if (next.done === true) return done(undefined, next.value)
      next.value(step)
    }
    isStepping = false
  }
  step(undefined)
}

/** Does the work on immediate files, and returns or throws what comes of it. */
export function finish<T>(work: DiskWork<T>): T {
  let outcome: { readonly error: Error | undefined; readonly value: T } | undefined
  run(work, (error, value) => void (outcome = { error, value }))
  assert(outcome !== undefined, 'immediate files answer at once')
  if (outcome.error !== undefined) throw outcome.error
  return outcome.value
}
