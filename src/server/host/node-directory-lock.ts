/**
 * A lock on a directory that no ending of its holder can leave behind: a Unix socket in the directory, on which the
 * holder listens. The kernel refuses connections to a socket that nobody listens on any more, whatever became of process
 * ids, and answers alike from inside another container on the same kernel. Node has no flock. A server on another machine
 * (a shared disk) is not noticed, and Apache's server knows no lock.
 *
 * Everybody who wants the lock first makes a socket of a name of its own, and then looks at all others. So of two, at
 * least the later one sees the earlier one. Names are never used again: a socket found dead stays dead and can be removed.
 * Taking the lock waits for the disk on the event loop, because nobody is served before it is taken; giving it back does not.
 */

import { createHash, randomBytes } from 'node:crypto'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import { DirectoryInUse, type DirectoryLock } from './host.ts'

type Done = (error: Error | undefined, lock: DirectoryLock | undefined) => void

/** Not `log.*` or `snapshot.*`, and above `version-2`: an Apache server on the same directory does not care. */
const LOCK_PREFIX = 'tskeeper.lock.'
/** The smallest sun_path there is, less its end mark and our names. */
const LONGEST_DIRECTORY = 103 - `/.${LOCK_PREFIX}0123456789abcdef.new`.length
/** A holder that is stopped or busy cannot say who it is, but its socket is connected all the same. */
const ANSWER_MS = 500
/** How often, and how long between, a claim is looked at that will be withdrawn in favour of ours. */
const PATIENCE = 100
const PATIENCE_MS = 20
/** What binding says where a file system knows no sockets. */
const NO_SOCKETS_HERE = new Set(['ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'ENOSYS', 'EINVAL', 'ENXIO'])

/** Takes the lock on the directory, or hands on a DirectoryInUse. */
export function lockDirectory(directory: string, done: Done): void {
  let place: Place
  try {
    // Windows has no socket files, and pipes that nobody can list; but a pipe's name is had by one.
    if (process.platform === 'win32') return lockByName(directory, `\\\\.\\pipe\\tskeeper-${digestOf(directory)}.lock`, done)
    place = placeIn(directory)
  } catch (error) {
    setImmediate(done, error as Error, undefined)
    return
  }
  new Claim(directory, place, done).start()
}

/** Where sockets for one locked directory lie. */
interface Place {
  readonly directory: string
  /** The same directory under a name that is short enough for a socket's. */
  readonly shortDirectory: string
  readonly prefix: string
  /** `shortDirectory` leads through it. */
  readonly fd: number | undefined
}

function placeIn(directory: string): Place {
  if (Buffer.byteLength(directory) <= LONGEST_DIRECTORY) {
    return { directory, shortDirectory: directory, prefix: LOCK_PREFIX, fd: undefined }
  }
  if (process.platform !== 'linux') return placeOutside(directory)
  const fd = fs.openSync(directory, 'r')
  return { directory, shortDirectory: `/proc/self/fd/${fd}`, prefix: LOCK_PREFIX, fd }
}

/** For directories that can hold no socket: among the temporary files of the machine, or container. */
function placeOutside(directory: string): Place {
  const outside = os.tmpdir()
  return { directory: outside, shortDirectory: outside, prefix: `tskeeper-${digestOf(directory)}.lock.`, fd: undefined }
}

/** The same for every way to the directory. */
function digestOf(directory: string): string {
  const { dev, ino } = fs.statSync(directory, { bigint: true })
  return createHash('sha256').update(`${dev} ${ino}`).digest('hex').slice(0, 16)
}

/**
 * The lock is a name that is no file: the system gives it to one listener at a time and takes it back at his end, as with the pipes of Windows
 * and the abstract sockets of Linux.
 */
export function lockByName(directory: string, name: string, done: Done, patience = PATIENCE): void {
  const server = net.createServer((socket) => tell(socket, 'holds'))
  server.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') return done(error, undefined)
    ask(name, (answer) => {
      if (answer.kind !== 'nobody') done(new DirectoryInUse(directory, answer.who), undefined)
      else if (patience > 0) setTimeout(() => lockByName(directory, name, done, patience - 1), PATIENCE_MS)
      else done(error, undefined)
    })
  })
  server.listen({ path: name, exclusive: true }, () => {
    server.removeAllListeners('error')
    server.on('error', () => undefined) // a failed accept leaves the lock as it is
    server.unref()
    done(undefined, { release: (released) => void server.close(() => released()) })
  })
}

function tell(socket: net.Socket, what: 'holds' | 'claims'): void {
  socket.on('error', () => socket.destroy())
  socket.end(`${what} pid ${process.pid} on ${os.hostname()}`)
}

/** What a socket's owner says of itself. */
type Answer = { readonly kind: 'nobody' } | { readonly kind: 'claims'; readonly who: string } | { readonly kind: 'holds'; readonly who: string }

class Claim {
  readonly #locked: string
  readonly #place: Place
  readonly #done: Done
  readonly #name: string
  readonly #server: net.Server
  #holds = false
  #released = false
  #patience = PATIENCE

  constructor(locked: string, place: Place, done: Done) {
    this.#locked = locked
    this.#place = place
    this.#done = done
    this.#name = `${place.prefix}${randomBytes(8).toString('hex')}`
    this.#server = net.createServer((socket) => tell(socket, this.#holds ? 'holds' : 'claims'))
  }

  start(): void {
    const failed = (error: NodeJS.ErrnoException) => this.#failed(error)
    this.#server.once('error', failed)
    // A socket that is made but not listened on yet looks dead: it gets the name that others look for afterwards. And
    // anyone may connect: a dead socket of another user must not look alive for want of permission.
    const newPath = this.#path(`.${this.#name}.new`)
    this.#server.listen({ path: newPath, exclusive: true, readableAll: true, writableAll: true }, () => {
      this.#server.off('error', failed)
      this.#server.on('error', () => undefined) // a failed accept leaves the socket, and so the lock, as it is
      this.#server.unref()
      this.#attempt(() => {
        fs.renameSync(newPath, this.#path(this.#name))
        this.#survey()
      })
    })
  }

  #failed(error: NodeJS.ErrnoException): void {
    const inside = this.#place.prefix === LOCK_PREFIX
    if (!inside || !NO_SOCKETS_HERE.has(error.code ?? '')) {
      this.#end(error)
      return
    }
    this.#closePlace()
    new Claim(this.#locked, placeOutside(this.#locked), this.#done).start()
  }

  #survey(): void {
    const others = fs.readdirSync(this.#place.directory).filter((name) => name.startsWith(this.#place.prefix) && name !== this.#name)
    this.#askNext(others)
  }

  #askNext(others: string[]): void {
    const other = others.pop()
    if (other === undefined) {
      this.#holds = true
      setImmediate(this.#done, undefined, { release: (released: () => void) => this.#release(released) })
      return
    }
    ask(this.#path(other), (answer) => {
      if (answer.kind === 'nobody') {
        this.#attempt(() => {
          this.#remove(other)
          this.#askNext(others)
        })
      } else if (answer.kind === 'claims' && this.#name < other && this.#patience-- > 0) {
        // The other one sees ours as well, and gives way to the lesser name.
        setTimeout(() => this.#attempt(() => this.#survey()), PATIENCE_MS)
      } else {
        this.#end(new DirectoryInUse(this.#locked, answer.who))
      }
    })
  }

  #path(name: string): string {
    return `${this.#place.shortDirectory}/${name}`
  }

  #remove(name: string): void {
    try {
      fs.unlinkSync(this.#path(name))
    } catch (error) {
      // Another claim has removed it as well.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }

  #attempt(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#end(error as Error)
    }
  }

  #end(error: Error): void {
    this.#release(() => setImmediate(this.#done, error, undefined))
  }

  #release(done = (): void => {}): void {
    if (this.#released) return done()
    this.#released = true
    // The name may stay, for want of permission or because the disk hangs: it dies below all the same, and whoever comes next removes it.
    fs.unlink(this.#path(this.#name), () => this.#server.close(() => this.#closePlace(done)))
  }

  #closePlace(done = (): void => {}): void {
    if (this.#place.fd === undefined) done()
    else fs.close(this.#place.fd, () => done())
  }
}

function ask(socketPath: string, answered: (answer: Answer) => void): void {
  const socket = net.connect(socketPath)
  let alive = false
  let text = ''
  socket.setTimeout(ANSWER_MS, () => socket.destroy())
  socket.setEncoding('utf8')
  socket.on('connect', () => (alive = true))
  socket.on('data', (more: string) => (text += more))
  socket.on('error', (error: NodeJS.ErrnoException) => {
    // Refused: nobody listens. Not there: gone in the meantime. All else, as a full queue, needs somebody alive.
    alive ||= error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'
  })
  socket.on('close', () => {
    if (!alive) answered({ kind: 'nobody' })
    else if (text.startsWith('claims ')) answered({ kind: 'claims', who: text.slice('claims '.length) })
    else answered({ kind: 'holds', who: text.replace(/^holds /, '') || 'it does not say which' })
  })
}
