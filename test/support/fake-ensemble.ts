// Whole members of an ensemble in one fake world: one clock, one network, a disk each. Everything they do happens inside
// `settle` and `advance` of the world. Members are killed and started again, links cut, disks made to wait.
import { startEnsembleServer } from '../../src/quorum/member/ensemble-server.ts'
import type { EnsembleServer } from '../../src/quorum/member/ensemble-server.ts'
import { defaultSettings } from '../../src/server/config/settings.ts'
import type { Settings } from '../../src/server/config/settings.ts'
import type { Network, Socket } from '../../src/server/host/host.ts'
import { MemoryDisk } from '../../src/server/host/memory-disk.ts'
import { MortalHost } from '../../src/testing/mortal-host.ts'
import { FakeHost } from './fake-host.ts'
import type { FakeSocket } from './fake-network.ts'
import { RawConnection, RawSession } from './raw-session.ts'
import type { HandshakeOptions } from './raw-session.ts'

const CLIENT_PORT = 2180
const QUORUM_PORT = 2280
const ELECTION_PORT = 2380
export const DATA_DIRECTORY = '/data'

export type PeerPort = 'quorum' | 'election'
/** Refused at once, or never answered. */
export type Blockade = 'refused' | 'silent'

export function quorumPortOf(sid: number): number {
  return QUORUM_PORT + sid
}

export class FakeMember {
  readonly sid: number
  readonly disk: MemoryDisk
  /** What it could not survive. */
  readonly fatal: string[] = []
  server: EnsembleServer | undefined
  settings: Settings
  readonly #world: FakeHost
  readonly #network: Network
  #host: MortalHost | undefined
  /** Completions of a disk that is made to wait. */
  #held: (() => void)[] | undefined

  constructor(sid: number, settings: Settings, world: FakeHost, network: Network) {
    this.sid = sid
    this.settings = settings
    this.#world = world
    this.#network = network
    const later = (callback: () => void): void => {
      if (this.#held === undefined) world.clock.endOfTurn(callback)
      else this.#held.push(callback)
    }
    this.disk = new MemoryDisk({ later, wallTime: () => world.clock.wallTime() })
  }

  start(settings: Partial<Settings> = {}): void {
    this.settings = defaultSettings({ ...this.settings, ...settings })
    this.#host = new MortalHost({ ...hostOf(this.#world), network: this.#network, disk: this.disk })
    startEnsembleServer(this.#host, this.settings, (error, server) => {
      if (error !== undefined) this.fatal.push(error.message)
      this.server = server
      if (server !== undefined) server.onFatal = (reason, code) => void this.fatal.push(`${code}: ${reason.message}`)
    })
  }

  /** As kill -9: nothing that it has begun comes to it any more. */
  kill(): void {
    this.#host?.die(() => {})
    this.#host = undefined
    this.server = undefined
    this.#held = undefined
  }

  /** In order; true once it is done, which may take a settling of the world. */
  stop(): () => boolean {
    let isDone = false
    this.server!.stop(() => (isDone = true))
    this.server = undefined
    this.#host = undefined
    return () => isDone
  }

  /** From now on nothing that is asked of the disk is done, until `releaseDisk`. */
  holdDisk(): void {
    this.#held ??= []
  }

  releaseDisk(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const callback of held) callback()
  }

  /** `leading broadcast`; `looking` without a role, `down` while it does not run. */
  get state(): string {
    if (this.server === undefined) return this.#host === undefined ? 'down' : 'starting'
    const { role } = this.server
    return role === undefined ? 'looking' : `${role.kind} ${role.phase}`
  }

  dial(): RawConnection {
    let connection: RawConnection | undefined
    const connected = (socket: FakeSocket): void => void (connection = new RawConnection(this.#world, socket))
    this.#world.network.dial(CLIENT_PORT + this.sid, '127.0.0.1', connected, () => {})
    this.#world.settle()
    return connection!
  }

  session(options: HandshakeOptions = {}): RawSession {
    return new RawSession(this.dial(), options)
  }

  /** A new connection here for the session of an old one. */
  reattach(session: RawSession, options: HandshakeOptions = {}): RawSession {
    return this.session({ sessionId: session.id, passwd: session.password, ...options })
  }

  get zxid(): bigint {
    return this.server!.replica.lastProcessedZxid
  }

  data(path: string): string | undefined {
    const { store } = this.server!.replica.tree
    const id = store.find(path)
    return id < 0 ? undefined : Buffer.from(store.data(id) ?? []).toString()
  }
}

export class FakeEnsemble {
  readonly world = new FakeHost()
  readonly members: ReadonlyMap<number, FakeMember>
  readonly #links: { readonly from: number; readonly to: number; readonly socket: FakeSocket }[] = []
  readonly #cuts = new Set<string>()
  /** What becomes of a dial, by `from to port`. */
  readonly #ports = new Map<string, Blockade>()

  /** `1 2 3 4:observer`; all are members, those in `running` are started. */
  constructor(members: string, settings: Partial<Settings> = {}, running?: readonly number[]) {
    const lines = members.split(' ').map((text) => {
      const [sid, role = 'participant'] = text.split(':')
      const ports = { quorumPort: QUORUM_PORT + Number(sid), electionPort: ELECTION_PORT + Number(sid) }
      const learnerType = role as 'participant' | 'observer'
      return { sid: Number(sid), addresses: [{ host: '127.0.0.1', ...ports }], learnerType, clientAddress: undefined }
    })
    const settingsOf = (sid: number): Settings =>
      defaultSettings({
        tickTime: 200,
        initLimit: 10,
        syncLimit: 5,
        maxClientCnxns: 0,
        minSessionTimeout: 400,
        maxSessionTimeout: 60_000,
        preAllocSizeKb: 4,
        ...settings,
        distributed: true,
        serverId: sid,
        servers: lines,
        dataDir: DATA_DIRECTORY,
        clientPort: CLIENT_PORT + sid,
      })
    this.members = new Map(lines.map(({ sid }) => [sid, new FakeMember(sid, settingsOf(sid), this.world, this.networkOf(sid))]))
    for (const sid of running ?? this.members.keys()) this.member(sid).start()
  }

  member(sid: number): FakeMember {
    return this.members.get(sid)!
  }

  server(sid: number): EnsembleServer {
    return this.member(sid).server!
  }

  get leader(): FakeMember | undefined {
    return [...this.members.values()].find(({ state }) => state === 'leading broadcast')
  }

  /** By sid. */
  get states(): Record<number, string> {
    return Object.fromEntries([...this.members].map(([sid, { state }]) => [sid, state]))
  }

  /** Lets time pass until all that run serve; returns the leader. */
  converge(limitMs = 10_000): FakeMember {
    const serves = ({ state }: FakeMember): boolean => state === 'down' || state.endsWith('broadcast')
    // What ends in this turn has not yet ended.
    this.world.settle()
    this.until('all serve', () => [...this.members.values()].every(serves), limitMs)
    this.world.settle()
    return this.leader!
  }

  /** Looks after each turn of the world, and stops there. */
  until(what: string, isSo: () => boolean, limitMs = 10_000): void {
    const { clock } = this.world
    const deadline = clock.nowMs + limitMs
    while (!isSo()) {
      if (clock.nowMs > deadline) throw new Error(`${what}: not within ${limitMs} ms, ${JSON.stringify(this.states)}`)
      if (!this.world.turn()) clock.nowMs += 1
    }
  }

  /** Two members do not reach each other any more; their connections break. */
  cut(a: number, b: number): void {
    this.#cuts.add(`${a} ${b}`).add(`${b} ${a}`)
    this.breakLinks(a, b)
  }

  /** Connections between the two break; new ones can be made. */
  breakLinks(a: number, b: number): void {
    for (const { from, to, socket } of this.#links) {
      if ((from === a && to === b) || (from === b && to === a)) socket.reset()
    }
  }

  /** There is a connection from one to the quorum port of the other. */
  isLinked(from: number, to: number): boolean {
    return this.#links.some((link) => link.from === from && link.to === to && link.socket.remotePort === quorumPortOf(to) && !link.socket.isGone)
  }

  /** What comes to those who have dialled that member stays on its way until the function that is returned is called. */
  delay(to: number): () => void {
    const delayed = this.#links.filter((link) => link.to === to && !link.socket.isGone)
    for (const { socket } of delayed) socket.pause()
    return () => {
      for (const { socket } of delayed) socket.resume()
    }
  }

  /** One kind of port of a member is out of reach for another from now on; connections that stand break. */
  block(from: number, to: number, port: PeerPort, how: Blockade): void {
    this.#ports.set(`${from} ${to} ${port}`, how)
    this.breakLinks(from, to)
  }

  heal(): void {
    this.#cuts.clear()
    this.#ports.clear()
  }

  /** The world's network as one member sees it. */
  networkOf(self: number): Network {
    const { network } = this.world
    return {
      listen: (options, onSocket, done) => network.listen(options, onSocket, done),
      connect: (host, port, onConnect, onError) => {
        const to = port > ELECTION_PORT ? port - ELECTION_PORT : port - QUORUM_PORT
        const blockade = this.#ports.get(`${self} ${to} ${port > ELECTION_PORT ? 'election' : 'quorum'}`)
        if (this.#cuts.has(`${self} ${to}`) || blockade === 'silent') return { cancel: () => {} }
        // Nobody listens there.
        if (blockade === 'refused') return network.connect(host, 1, onConnect, onError)
        const connected = (socket: Socket): void => {
          this.#links.push({ from: self, to, socket: socket as FakeSocket })
          onConnect(socket)
        }
        return network.connect(host, port, connected, onError)
      },
    }
  }
}

function hostOf({ clock, random, log, gzip, process, network, disk }: FakeHost) {
  return { clock, random, log, gzip, process, network, disk }
}
