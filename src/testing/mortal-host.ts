/**
 * A host that a test pauses, as SIGSTOP does, or kills, as kill -9 does: every callback from the real host to the server goes through one gate,
 * which holds callbacks while the host is paused and drops them once it is dead.
 */
import { filesThrough } from '../server/host/files-over.ts'
import type { Around } from '../server/host/files-over.ts'
import type { Clock, DirectoryLock, Disk, Host, Listener, Network, Socket, SocketHandlers, Timer } from '../server/host/host.ts'

export class MortalHost implements Host {
  readonly clock: Clock
  readonly network: Network
  readonly disk: Disk
  readonly random: Host['random']
  readonly log: Host['log']
  readonly gzip: Host['gzip']
  readonly process: Host['process']
  readonly #gate = new Gate()
  readonly #locks = new Set<DirectoryLock>()
  readonly #listeners = new Set<Listener>()
  readonly #sockets = new Set<Socket>()
  readonly #timers = new Set<Timer>()

  constructor(host: Host) {
    this.clock = this.#clockOf(host.clock)
    this.network = this.#networkOf(host.network)
    this.disk = this.#diskOf(host.disk)
    this.random = host.random
    this.log = host.log
    this.gzip = () => {
      const compressor = host.gzip()
      return { compress: (bytes, last, done) => compressor.compress(bytes, last, this.#held(done)) }
    }
    this.process = host.process
  }

  get isPaused(): boolean {
    return this.#gate.state === 'paused'
  }

  /** The gate holds all callbacks; the real host still does what the server has asked for. */
  pause(): void {
    this.#gate.pause()
  }

  /** The gate hands over the held callbacks now, in their order. */
  resume(): void {
    this.#gate.resume()
  }

  /** Frees locks and ports and breaks connections; durable data stays. Calls back when the locks and ports are free. */
  die(done: () => void): void {
    this.#gate.shut()
    // A dead server's timers must not keep the process alive.
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
    for (const socket of this.#sockets) socket.destroy()
    let left = this.#listeners.size + this.#locks.size
    if (left === 0) return void setImmediate(done)
    const gone = (): void => void (--left === 0 && done())
    for (const lock of this.#locks) lock.release(gone)
    for (const listener of this.#listeners) listener.close(gone)
  }

  #held<A extends unknown[]>(callback: (...args: A) => void): (...args: A) => void {
    return (...args) => this.#gate.pass(() => callback(...args))
  }

  #clockOf(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      wallTime: () => clock.wallTime(),
      after: (delayMs, callback): Timer => {
        let isCancelled = false
        const ring = (): void => {
          if (!isCancelled) callback()
        }
        const timer = clock.after(delayMs, () => {
          this.#timers.delete(timer)
          this.#gate.pass(ring)
        })
        this.#timers.add(timer)
        return {
          cancel: () => {
            isCancelled = true
            this.#timers.delete(timer)
            timer.cancel()
          },
        }
      },
      endOfTurn: (callback) => clock.endOfTurn(this.#held(callback)),
    }
  }

  #networkOf(network: Network): Network {
    return {
      listen: (options, onSocket, done) => network.listen(options, (socket) => this.#take(socket, onSocket), this.#listening(done)),
      connect: (host, port, onConnect, onError) => {
        let isCancelled = false
        const connected = (socket: Socket): void => {
          if (isCancelled) socket.destroy()
          else onConnect(socket)
        }
        const refused = (error: Error): void => {
          if (!isCancelled) onError(error)
        }
        const dial = network.connect(host, port, (socket) => this.#take(socket, connected), this.#held(refused))
        return {
          cancel: () => {
            isCancelled = true
            dial.cancel()
          },
        }
      },
    }
  }

  #listening(done: Parameters<Network['listen']>[2]): Parameters<Network['listen']>[2] {
    return (error, listener) => {
      if (listener !== undefined && this.#gate.state === 'dead') return listener.close(() => {})
      if (listener !== undefined) this.#listeners.add(listener)
      this.#gate.pass(() => done(error, listener))
    }
  }

  /** The system accepts connections and their bytes even while the server is paused. */
  #take(socket: Socket, onSocket: (socket: Socket) => void): void {
    if (this.#gate.state === 'dead') return socket.destroy()
    this.#sockets.add(socket)
    const gated = new GatedSocket(socket, this.#gate, () => this.#sockets.delete(socket))
    this.#gate.pass(() => onSocket(gated))
  }

  #diskOf(disk: Disk): Disk {
    const through: Around = (done, work) => work(this.#held(done))
    return {
      ...filesThrough(disk, through),
      aside: filesThrough(disk.aside, through),
      lock: (directory, done) =>
        disk.lock(directory, (error, lock) => {
          if (this.#gate.state === 'dead') return lock?.release(() => {})
          if (lock !== undefined) this.#locks.add(lock)
          this.#gate.pass(() => done(error, lock))
        }),
    }
  }
}

class Gate {
  state: 'open' | 'paused' | 'dead' = 'open'
  #held: (() => void)[] = []

  pass(work: () => void): void {
    if (this.state === 'dead') return
    // A callback that comes while held ones are handed over stays behind them.
    if (this.state === 'paused' || this.#held.length > 0) this.#held.push(work)
    else work()
  }

  pause(): void {
    if (this.state === 'open') this.state = 'paused'
  }

  resume(): void {
    if (this.state !== 'paused') return
    this.state = 'open'
    while (this.#held.length > 0 && this.state === 'open') {
      this.#held[0]()
      this.#held.shift()
    }
  }

  shut(): void {
    this.state = 'dead'
    this.#held = []
  }
}

class GatedSocket implements Socket {
  handlers: SocketHandlers = { onData() {}, onDrain() {}, onEnd() {}, onClose() {} }
  readonly #socket: Socket

  constructor(socket: Socket, gate: Gate, onClose: () => void) {
    this.#socket = socket
    socket.handlers = {
      onData: (bytes) => gate.pass(() => this.handlers.onData(bytes)),
      onDrain: () => gate.pass(() => this.handlers.onDrain()),
      onEnd: () => gate.pass(() => this.handlers.onEnd()),
      onClose: (error) => {
        onClose()
        gate.pass(() => this.handlers.onClose(error))
      },
    }
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress
  }

  get remotePort(): number {
    return this.#socket.remotePort
  }

  get localAddress(): string {
    return this.#socket.localAddress
  }

  get localPort(): number {
    return this.#socket.localPort
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedBytes
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  writeAll(pieces: readonly Uint8Array[]): void {
    this.#socket.writeAll(pieces)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
