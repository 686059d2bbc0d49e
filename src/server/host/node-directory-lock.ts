/**
 * A lock on a directory that no ending of its holder can leave behind: a Unix socket in the directory, which the holder
 * listens on. Whoever finds the socket connects to it; the kernel refuses when nobody listens any more, whatever became
 * of process ids, and answers alike from inside another container, as long as it is the same kernel. Node has no flock.
 * A server on another machine (a shared disk) is not noticed; neither is Apache's server, which knows no lock.
 */

import { createHash } from 'node:crypto'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { DirectoryInUse, type DirectoryLock } from './host.ts'

type Done = (error: Error | undefined, lock: DirectoryLock | undefined) => void

/** Not `log.*` or `snapshot.*`, and above `version-2`: an Apache server on the same directory does not care. */
const LOCK_NAME = 'tskeeper.lock'
/** The smallest sun_path there is, less the end mark and the suffix that a stale socket gets. */
const LONGEST_SOCKET_PATH = 103 - '.4294967295'.length
/** A holder that is stopped or busy cannot say who it is, but its socket is connected all the same. */
const ANSWER_MS = 500
const ATTEMPTS = 5
/** What binding says where a file system knows no sockets. */
const NO_SOCKETS_HERE = new Set(['ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'ENOSYS', 'EINVAL', 'ENXIO'])

interface Address {
  readonly directory: string
  readonly socket: string
  /** Whether `socket` is a file that a dead holder leaves behind. */
  readonly isFile: boolean
  /** Kept open while the address is in use: `socket` leads through it. */
  readonly directoryFd: number | undefined
}

export function lockDirectory(directory: string, done: Done): void {
  let address: Address
  try {
    address = addressOf(directory)
  } catch (error) {
    setImmediate(done, error as Error, undefined)
    return
  }
  listen(address, ATTEMPTS, done)
}

function addressOf(directory: string): Address {
  const socket = path.join(directory, LOCK_NAME)
  if (process.platform === 'win32') return machineAddress(directory)
  if (Buffer.byteLength(socket) <= LONGEST_SOCKET_PATH) return { directory, socket, isFile: true, directoryFd: undefined }
  if (process.platform !== 'linux') return machineAddress(directory)
  const directoryFd = fs.openSync(directory, 'r')
  return { directory, socket: `/proc/self/fd/${directoryFd}/${LOCK_NAME}`, isFile: true, directoryFd }
}

/** A name for the directory outside of it, known to one machine or container only. */
function machineAddress(directory: string): Address {
  const { dev, ino } = fs.statSync(directory, { bigint: true })
  const name = `tskeeper-${createHash('sha256').update(`${dev} ${ino}`).digest('hex').slice(0, 24)}`
  if (process.platform === 'win32') return { directory, socket: `\\\\.\\pipe\\${name}`, isFile: false, directoryFd: undefined }
  if (process.platform === 'linux') return { directory, socket: `\0${name}`, isFile: false, directoryFd: undefined }
  return { directory, socket: path.join(os.tmpdir(), name), isFile: true, directoryFd: undefined }
}

function listen(address: Address, attempts: number, done: Done): void {
  const server = net.createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.end(`pid ${process.pid} on ${os.hostname()}`)
  })
  const failed = (error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE' && attempts > 0) {
      askHolder(address.socket, (holder) => {
        if (holder !== undefined) end(address, new DirectoryInUse(address.directory, holder), done)
        else if (address.isFile) removeStale(address, attempts, done)
        else listen(address, attempts - 1, done)
      })
    } else if (NO_SOCKETS_HERE.has(error.code ?? '') && address.socket.includes(LOCK_NAME)) {
      end(address, undefined, () => listen(machineAddress(address.directory), ATTEMPTS, done))
    } else {
      end(address, error, done)
    }
  }
  server.once('error', failed)
  // Anyone may connect: a socket of a dead server of another user must not look alive for want of permission.
  server.listen({ path: address.socket, exclusive: true, readableAll: true, writableAll: true }, () => {
    server.off('error', failed)
    server.on('error', () => undefined) // a failed accept leaves the socket, and so the lock, as it is
    server.unref()
    done(undefined, { release: () => server.close(() => end(address, undefined, () => undefined)) })
  })
}

/** Calls back with who listens on the socket, or undefined when nobody does. */
function askHolder(socketPath: string, answer: (holder: string | undefined) => void): void {
  const socket = net.connect(socketPath)
  let connected = false
  let holder = ''
  socket.setTimeout(ANSWER_MS, () => socket.destroy())
  socket.setEncoding('utf8')
  socket.on('connect', () => (connected = true))
  socket.on('data', (text: string) => (holder += text))
  socket.on('error', (error: NodeJS.ErrnoException) => {
    // Refused: nobody listens. Not there: gone in the meantime. All else, as a full queue, needs somebody alive.
    connected ||= error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'
  })
  socket.on('close', () => answer(connected ? holder || 'it does not say which' : undefined))
}

/**
 * Out of the way first and removed then: of two servers that find the same dead socket, the slower one may move the
 * quicker one's new socket, finds it alive, and puts it back.
 */
function removeStale(address: Address, attempts: number, done: Done): void {
  const stale = `${address.socket}.${process.pid}`
  try {
    fs.renameSync(address.socket, stale)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') listen(address, attempts - 1, done)
    else end(address, error as Error, done)
    return
  }
  askHolder(stale, (holder) => {
    try {
      if (holder !== undefined) fs.linkSync(stale, address.socket)
      fs.unlinkSync(stale)
    } catch (error) {
      end(address, error as Error, done)
      return
    }
    if (holder !== undefined) end(address, new DirectoryInUse(address.directory, holder), done)
    else listen(address, attempts - 1, done)
  })
}

function end(address: Address, error: Error | undefined, done: Done): void {
  if (address.directoryFd !== undefined) fs.closeSync(address.directoryFd)
  done(error, undefined)
}
