/**
 * The connections on which servers elect (QuorumCnxManager): one for each pair, dialled by the one with the larger sid.
 * Who is smaller dials only to be dialled back. For each peer one message waits at most, the newest; the last one sent is
 * said again on a new connection, since the old one may have lost it.
 */
import { assert } from '../../base/assert.ts'
import { endpointText } from '../../protocol/addresses.ts'
import type { Endpoint } from '../../protocol/addresses.ts'
import { Slabs } from '../../protocol/byte-queue.ts'
import { isLiteral } from '../../server/config/load-membership.ts'
import type { Settings } from '../../server/config/settings.ts'
import type { Host, Socket } from '../../server/host/host.ts'
import type { QuorumConfig } from '../config/quorum-config.ts'
import type { Notification } from '../zab/vote.ts'
import { DeadAddresses } from './dead-addresses.ts'
import { Dial } from './dial.ts'
import { ElectionLink } from './election-link.ts'
import { ElectionListener } from './election-listener.ts'
import { initialMessage } from './initial-message.ts'
import type { InitialMessage } from './initial-message.ts'
import { notificationFrame } from './notification.ts'

/** What observers of old say, that have no sid of their own (QuorumPeer.OBSERVER_ID). */
const ANONYMOUS_OBSERVER = 2n ** 63n - 1n
/** Peers that no configuration names. Beyond that the oldest of them gives way. */
const MAX_STRANGERS = 64
/** Of the addresses that a peer announces, so many are tried before those of the configuration. */
const MAX_ANNOUNCED = 4
const DEFAULT_BIND_TRIES = 3
/**
 * A connection on which so much time has passed since the first word that was not answered may be dead without a sign: it
 * is replaced when there is more to say. Voters of one mind do not answer each other; then it is replaced for nothing.
 */
const MOST_SILENCE_MS = 1000
const NOTHING = new Uint8Array(0)

type MeshSettings = Pick<
  Settings,
  'tickTime' | 'syncLimit' | 'cnxTimeoutMs' | 'quorumCnxnTimeoutMs' | 'electionPortBindRetry' | 'quorumListenOnAllIPs' | 'multiAddressEnabled'
>

export interface ElectionMeshParts {
  readonly self: bigint
  readonly config: QuorumConfig
  readonly settings: MeshSettings
  readonly host: Pick<Host, 'clock' | 'network' | 'log'>
  onNotification(from: bigint, notification: Notification): void
  /** The connection is gone. Nothing is done about it before the next `send`. */
  onPeerLost(sid: bigint): void
  /** A dial has failed and there is no connection: `isDown` is true from now on. */
  onPeerDown(sid: bigint): void
  /** The election port cannot be had. A Java server ends with code 14 then. */
  onUnableToBind(): void
}

interface Peer {
  readonly sid: bigint
  /** The newest message that has not gone out. */
  queued: Uint8Array | undefined
  lastSent: Uint8Array | undefined
  link: ElectionLink | undefined
  /** When the first was sent of what has gone out on the connection since it last brought anything. */
  unansweredSince: number | undefined
  dial: Dial | undefined
  /** The dial under way goes where the peer itself has said that it can be reached. */
  isDialBack: boolean
  hasFailed: boolean
}

export class ElectionMesh {
  readonly #parts: ElectionMeshParts
  readonly #listener: ElectionListener
  readonly #peers = new Map<bigint, Peer>()
  /** Where long messages wait for their end. */
  readonly #slabs = new Slabs()
  /** Where this server can be dialled. */
  readonly #own: readonly Endpoint[]
  readonly #deadAddresses: DeadAddresses
  #nextAnonymous = -1n
  #isStopped = false

  /** Listens from here on. */
  constructor(parts: ElectionMeshParts) {
    this.#parts = parts
    const { host, settings, self } = parts
    this.#deadAddresses = new DeadAddresses(host.log)
    const own = this.#endpointsOf(self)
    assert(own !== undefined, 'a server is a member of its own configuration')
    this.#own = own
    this.#listener = new ElectionListener({
      host,
      endpoints: settings.quorumListenOnAllIPs ? own.map(({ port }) => ({ host: undefined, port })) : own,
      bindTries: settings.electionPortBindRetry < 0 ? DEFAULT_BIND_TRIES : settings.electionPortBindRetry,
      handshakeTimeoutMs: settings.quorumCnxnTimeoutMs <= 0 ? settings.tickTime * settings.syncLimit : settings.quorumCnxnTimeoutMs,
      onPeer: (socket, initial, rest) => this.#onPeer(socket, initial, rest),
      onUnableToBind: () => parts.onUnableToBind(),
    })
  }

  /** Where it listens by now. */
  get bound(): readonly Endpoint[] {
    return this.#listener.bound
  }

  /** An election begins: what was said in the one before needs no answer any more. */
  begin(): void {
    for (const peer of this.#peers.values()) peer.unansweredSince = undefined
  }

  /** Takes the place of what has not gone out to that server yet. */
  send(to: bigint, notification: Notification): void {
    if (this.#isStopped) return
    assert(to !== this.#parts.self, 'a server does not send to itself')
    const peer = this.#peer(to)
    peer.queued = notificationFrame(notification)
    if (peer.link !== undefined && !this.#isSilent(peer)) return this.#flush(peer)
    peer.link?.destroy()
    peer.link = undefined
    const endpoints = this.#endpointsOf(to)
    if (endpoints !== undefined) this.#dial(peer, endpoints, false)
    else this.#forgetIfStranger(peer)
  }

  #isSilent({ unansweredSince }: Peer): boolean {
    return unansweredSince !== undefined && this.#parts.host.clock.now() - unansweredSince > MOST_SILENCE_MS
  }

  /** There is no connection, nobody is about to make one, and the last who tried failed. */
  isDown(sid: bigint): boolean {
    const peer = this.#peers.get(sid)
    return peer !== undefined && peer.link === undefined && peer.dial === undefined && peer.hasFailed
  }

  isConnected(sid: bigint): boolean {
    return this.#peers.get(sid)?.link !== undefined
  }

  stop(done: () => void): void {
    this.#isStopped = true
    for (const peer of this.#peers.values()) this.#drop(peer)
    this.#peers.clear()
    this.#listener.stop(done)
  }

  // Peers -----------------------------------------------------------------------------------------------------

  #peer(sid: bigint): Peer {
    const known = this.#peers.get(sid)
    if (known !== undefined) return known
    const peer: Peer = {
      sid,
      queued: undefined,
      lastSent: undefined,
      link: undefined,
      unansweredSince: undefined,
      dial: undefined,
      isDialBack: false,
      hasFailed: false,
    }
    if (this.#isStranger(sid)) this.#makeRoomForStranger()
    this.#peers.set(sid, peer)
    return peer
  }

  #isStranger(sid: bigint): boolean {
    return !this.#parts.config.members.has(sid)
  }

  #makeRoomForStranger(): void {
    const strangers = [...this.#peers.values()].filter(({ sid }) => this.#isStranger(sid))
    if (strangers.length < MAX_STRANGERS) return
    this.#drop(strangers[0])
    this.#peers.delete(strangers[0].sid)
  }

  /** Nothing is kept of who is no member and has neither a connection nor an address. */
  #forgetIfStranger(peer: Peer): void {
    if (this.#isStranger(peer.sid) && peer.link === undefined && peer.dial === undefined) this.#peers.delete(peer.sid)
  }

  #drop(peer: Peer): void {
    peer.link?.destroy()
    peer.link = undefined
    peer.dial?.cancel()
    peer.dial = undefined
  }

  #endpointsOf(sid: bigint): readonly Endpoint[] | undefined {
    return this.#parts.config.members.get(sid)?.addresses.map(({ host, electionPort }) => ({ host, port: electionPort }))
  }

  // Dialling --------------------------------------------------------------------------------------------------

  #dial(peer: Peer, endpoints: readonly Endpoint[], isDialBack: boolean): void {
    // A peer that has just said where it is knows better than the configuration.
    if (peer.dial !== undefined && (peer.isDialBack || !isDialBack)) return
    peer.dial?.cancel()
    const { host, settings } = this.#parts
    const place = endpoints.map(endpointText).join('|')
    peer.isDialBack = isDialBack
    peer.dial = new Dial({
      clock: host.clock,
      network: host.network,
      endpoints,
      timeoutMs: settings.cnxTimeoutMs,
      deadAddresses: this.#deadAddresses,
      onConnect: (socket) => this.#onConnect(peer, socket),
      onError: (error) => {
        host.log.warn(`Cannot open channel to ${peer.sid} at election address ${place}: ${error.message}`)
        peer.dial = undefined
        this.#forgetIfStranger(peer)
        if (peer.link !== undefined) return
        peer.hasFailed = true
        this.#parts.onPeerDown(peer.sid)
      },
    })
  }

  #onConnect(peer: Peer, socket: Socket): void {
    const { self, settings } = this.#parts
    peer.dial = undefined
    peer.hasFailed = false
    socket.write(initialMessage(self, this.#own, settings.multiAddressEnabled))
    if (peer.sid < self) return this.#link(peer, socket, NOTHING)
    this.#parts.host.log.debug(`Have smaller server identifier, so dropping the connection: (${peer.sid}, ${self})`)
    socket.end()
    this.#forgetIfStranger(peer)
  }

  // Being dialled ---------------------------------------------------------------------------------------------

  #onPeer(socket: Socket, initial: InitialMessage, rest: Uint8Array): void {
    const { self, host } = this.#parts
    const sid = initial.sid === ANONYMOUS_OBSERVER ? this.#nextAnonymous-- : initial.sid
    if (sid === self) {
      host.log.warn(`A server with my own id ${self} dialled me; this is a configuration error`)
      return socket.destroy()
    }
    const peer = this.#peer(sid)
    if (sid > self) {
      // Whoever was dialled by mistake closes, and dials itself.
      peer.dial?.cancel()
      peer.dial = undefined
      return this.#link(peer, socket, rest)
    }
    socket.destroy()
    // Anybody can say that he is that peer: the connection there is stays until the one that is dialled takes its place.
    const endpoints = this.#wayBack(sid, initial.addresses)
    if (endpoints.length > 0) this.#dial(peer, endpoints, true)
    this.#forgetIfStranger(peer)
  }

  /** Where the peer says that it is, then where the configuration has it. No name is looked up because a stranger says one. */
  #wayBack(sid: bigint, addresses: readonly Endpoint[]): readonly Endpoint[] {
    const announced = addresses.slice(0, MAX_ANNOUNCED)
    const configured = this.#endpointsOf(sid)
    if (configured === undefined) return announced.filter(({ host }) => isLiteral(host))
    return [...announced, ...configured.filter((one) => !announced.some((other) => endpointText(one) === endpointText(other)))]
  }

  // Connections -----------------------------------------------------------------------------------------------

  #link(peer: Peer, socket: Socket, first: Uint8Array): void {
    const { host, onNotification } = this.#parts
    peer.link?.destroy()
    peer.hasFailed = false
    const link = new ElectionLink(socket, host.clock, this.#slabs, first, {
      onNotification: (notification) => {
        peer.unansweredSince = undefined
        onNotification(peer.sid, notification)
      },
      onWritable: () => this.#flush(peer),
      onClosed: (reason) => {
        host.log.debug(`Election connection with ${peer.sid} is gone: ${reason}`)
        assert(peer.link === link, 'a connection that was replaced is silent')
        peer.link = undefined
        this.#slabs.trim()
        this.#forgetIfStranger(peer)
        this.#parts.onPeerLost(peer.sid)
      },
      onIgnored: (reason) => host.log.debug(`Ignoring a notification of ${peer.sid}: ${reason}`),
    })
    peer.link = link
    peer.unansweredSince = undefined
    if (peer.queued !== undefined) this.#flush(peer)
    else if (peer.lastSent !== undefined) this.#write(peer, link, peer.lastSent)
  }

  #flush(peer: Peer): void {
    if (peer.queued === undefined || peer.link?.isWritable !== true) return
    peer.lastSent = peer.queued
    peer.queued = undefined
    this.#write(peer, peer.link, peer.lastSent)
  }

  #write(peer: Peer, link: ElectionLink, frame: Uint8Array): void {
    peer.unansweredSince ??= this.#parts.host.clock.now()
    link.write(frame)
  }
}
