/** Files made of others: of calls that return when the work is done (in memory, or for who may wait), or of calls with something around them. */
import type { BlockingFile, BlockingFiles, DiskFile, Files } from './host.ts'

/** Runs the work, now or later. */
export type Schedule = (work: () => void) => void

/** For who may wait: each call has called back when it returns (see `finish` in disk-work.ts). */
export function immediateFiles(files: BlockingFiles): Files {
  return filesOver(files, (work) => work())
}

export function filesOver(files: BlockingFiles, schedule: Schedule): Files {
  const answer = answerBy(schedule)
  return {
    list: (directory, done) => answer(() => files.list(directory), done),
    stat: (path, done) => answer(() => files.stat(path), done),
    canWrite: (directory, done) => answer(() => files.canWrite(directory), done),
    makeDirectory: (path, done) => answer(() => files.makeDirectory(path), done),
    open: (path, mode, done) => answer(() => fileOver(files.open(path, mode), schedule), done),
    rename: (from, to, done) => answer(() => files.rename(from, to), done),
    renameAndSync: (from, to, done) =>
      answer(() => {
        files.rename(from, to)
        files.syncDirectory(to.slice(0, Math.max(1, to.lastIndexOf('/'))))
      }, done),
    remove: (path, done) => answer(() => files.remove(path), done),
    syncDirectory: (directory, done) => answer(() => files.syncDirectory(directory), done),
  }
}

function fileOver(file: BlockingFile, schedule: Schedule): DiskFile {
  const answer = answerBy(schedule)
  return {
    size: (done) => answer(() => file.size(), done),
    read: (position, length, done) => answer(() => file.read(position, length), done),
    write: (position, bytes, done) => answer(() => file.write(position, bytes), done),
    writeAndSync: (position, bytes, done) =>
      answer(() => {
        file.write(position, bytes)
        file.sync()
      }, done),
    sync: (done) => answer(() => file.sync(), done),
    truncate: (length, done) => answer(() => file.truncate(length), done),
    close: (done) =>
      answer(
        () => file.close(),
        () => done(),
      ),
  }
}

function answerBy(schedule: Schedule): <T>(work: () => T, done: (error: Error | undefined, value: T) => void) => void {
  return (work, done) =>
    schedule(() => {
      let value
      try {
        value = work()
      } catch (error) {
        return done(error as Error, undefined as never)
      }
      done(undefined, value)
    })
}

/** Stands around a call: does the work, now or later, and hands on what it calls back with. */
export type Around = <A extends unknown[]>(done: (...results: A) => void, work: (ended: (...results: A) => void) => void) => void

/** The same files, with something around each call of them and of those that are opened. */
export function filesThrough(files: Files, around: Around): Files {
  return {
    list: (directory, done) => around(done, (ended) => files.list(directory, ended)),
    stat: (path, done) => around(done, (ended) => files.stat(path, ended)),
    canWrite: (directory, done) => around(done, (ended) => files.canWrite(directory, ended)),
    makeDirectory: (path, done) => around(done, (ended) => files.makeDirectory(path, ended)),
    open: (path, mode, done) => {
      const opened: typeof done = (error, file) => done(error, error === undefined ? fileThrough(file, around) : file)
      around(opened, (ended) => files.open(path, mode, ended))
    },
    rename: (from, to, done) => around(done, (ended) => files.rename(from, to, ended)),
    renameAndSync: (from, to, done) => around(done, (ended) => files.renameAndSync(from, to, ended)),
    remove: (path, done) => around(done, (ended) => files.remove(path, ended)),
    syncDirectory: (directory, done) => around(done, (ended) => files.syncDirectory(directory, ended)),
  }
}

function fileThrough(file: DiskFile, around: Around): DiskFile {
  return {
    size: (done) => around(done, (ended) => file.size(ended)),
    read: (position, length, done) => around(done, (ended) => file.read(position, length, ended)),
    write: (position, bytes, done) => around(done, (ended) => file.write(position, bytes, ended)),
    writeAndSync: (position, bytes, done) => around(done, (ended) => file.writeAndSync(position, bytes, ended)),
    sync: (done) => around(done, (ended) => file.sync(ended)),
    truncate: (length, done) => around(done, (ended) => file.truncate(length, ended)),
    close: (done) => around(done, (ended) => file.close(ended)),
  }
}
