// Peers of a member that a test plays byte by byte: a learner that dials a leader, and a leader that won a real election.
import { QuorumConfig } from '../../src/quorum/config/quorum-config.ts'
import type { Listener } from '../../src/server/host/host.ts'
import { Elector } from './elections.ts'
import { quorumPortOf } from './fake-ensemble.ts'
import type { FakeEnsemble } from './fake-ensemble.ts'
import type { FakeHost } from './fake-host.ts'
import type { FakeSocket } from './fake-network.ts'

/** One end of a connection on the quorum port. */
export class RawPeer {
  isEnded = false
  readonly socket: FakeSocket
  readonly #world: FakeHost
  #received: Buffer = Buffer.alloc(0)

  constructor(world: FakeHost, socket: FakeSocket) {
    this.#world = world
    this.socket = socket
    socket.handlers = {
      onData: (bytes) => (this.#received = Buffer.concat([this.#received, bytes])),
      onDrain() {},
      onEnd: () => {
        this.isEnded = true
        socket.end()
      },
      onClose: () => (this.isEnded = true),
    }
  }

  /** Blanks do not count. */
  sayHex(hex: string): void {
    this.say(Buffer.from(hex.replace(/\s/g, ''), 'hex'))
  }

  say(bytes: Uint8Array): void {
    this.socket.write(bytes)
    this.#world.settle()
  }

  takeHex(): string {
    return this.take().toString('hex')
  }

  take(): Buffer {
    this.#world.settle()
    const bytes = this.#received
    this.#received = Buffer.alloc(0)
    return bytes
  }
}

/** Somebody who connects to the quorum port of a member that leads. */
export function strangerTo({ world }: FakeEnsemble, sid: number): RawPeer {
  let peer: RawPeer | undefined
  world.network.dial(
    quorumPortOf(sid),
    '127.0.0.1',
    (socket) => void (peer = new RawPeer(world, socket)),
    () => {},
  )
  world.settle()
  return peer!
}

/** Wins the election of an ensemble in which all others have less to show, and then leaves it to the test to lead. */
export class ImpostorLeader {
  readonly followers: RawPeer[] = []
  readonly #elector: Elector
  #listener: Listener | undefined

  constructor(ensemble: FakeEnsemble, sid: number) {
    const { world } = ensemble
    world.network.listen(
      { host: undefined, port: quorumPortOf(sid) },
      (socket) => this.followers.push(new RawPeer(world, socket as FakeSocket)),
      (_error, listener) => (this.#listener = listener),
    )
    const config = new QuorumConfig(ensemble.member(sid).settings)
    const { clock, log } = world
    this.#elector = new Elector({ host: { clock, log, network: ensemble.networkOf(sid) }, self: BigInt(sid), config })
    this.stand()
  }

  /** For an election, the first or another. */
  stand(): void {
    this.#elector.look({ zxid: 2n ** 40n, peerEpoch: 2n ** 20n })
  }

  /** From now on whoever dials is refused. */
  shut(): void {
    this.#listener!.close(() => {})
  }

  /** The connection that came last. */
  get follower(): RawPeer {
    return this.followers.at(-1)!
  }
}
