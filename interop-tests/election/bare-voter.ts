// A server of ours that does nothing but elect, on real sockets: election and mesh, without storage and without what comes after.
import { pino } from 'pino'
import { JuteReader } from '../../src/jute/reader.ts'
import { Slabs } from '../../src/protocol/byte-queue.ts'
import { FrameDecoder } from '../../src/protocol/frame-decoder.ts'
import type { QuorumConfig } from '../../src/quorum/config/quorum-config.ts'
import { ElectionMesh } from '../../src/quorum/wire/election-mesh.ts'
import { notificationFrame, readNotification } from '../../src/quorum/wire/notification.ts'
import { Election } from '../../src/quorum/zab/election.ts'
import type { History, Outcome } from '../../src/quorum/zab/election.ts'
import { defaultSettings } from '../../src/server/config/settings.ts'
import type { Host, Socket, SocketHandlers } from '../../src/server/host/host.ts'
import { createNodeHost } from '../../src/server/host/node-host.ts'
import { eventually } from '../peers/processes.ts'

const DECISION_LIMIT_MS = 60_000

export class BareVoter {
  readonly election: Election
  /** Payloads of all messages that came in, as they were on the wire. */
  readonly received: Uint8Array[] = []
  readonly #mesh: ElectionMesh
  #outcome: Outcome | undefined

  constructor(self: bigint, config: QuorumConfig) {
    const host = recording(createNodeHost({ log: pino({ level: 'silent' }) }), (payload) => this.received.push(payload))
    const settings = defaultSettings({ tickTime: 500, syncLimit: 5 })
    this.#mesh = new ElectionMesh({
      self,
      config,
      host,
      settings,
      onNotification: (from, notification) => this.election.onNotification(from, notification),
      onPeerLost: (sid) => this.election.onPeerLost(sid),
      onPeerDown: (sid) => this.election.onPeerDown(sid),
      onUnableToBind: () => {
        throw new Error('the election port is taken')
      },
    })
    this.election = new Election({
      self,
      config,
      configText: () => config.text,
      clock: host.clock,
      log: host.log,
      effects: this.#mesh,
      minIntervalMs: settings.minNotificationIntervalMs,
      maxIntervalMs: settings.maxNotificationIntervalMs,
      absenceMs: 40_000,
      hearsayMs: 10_000,
    })
  }

  look(history: Partial<History> = {}): void {
    this.#outcome = undefined
    this.election.look({ zxid: 0n, peerEpoch: 0n, ...history }, (outcome) => (this.#outcome = outcome))
  }

  async decision(): Promise<Outcome> {
    return await eventually('the bare voter decides', DECISION_LIMIT_MS, () => this.#outcome)
  }

  /** Looks again, as a server does that finds nobody leading where it wants to follow, until it has that leader. */
  async agree(leader: bigint): Promise<Outcome> {
    return await eventually(`the bare voter follows ${leader}`, DECISION_LIMIT_MS, async () => {
      const outcome = await this.decision()
      if (outcome.vote.leader === leader) return outcome
      this.look()
      return undefined
    })
  }

  async stop(): Promise<void> {
    this.election.stop()
    await new Promise<void>((resolve) => this.#mesh.stop(resolve))
  }
}

/** The payload as our codec writes what it reads of it. */
export function rewritten(payload: Uint8Array): Uint8Array {
  const reader = new JuteReader()
  reader.reset(payload)
  return notificationFrame(readNotification(reader)).subarray(4)
}

/** The host, with ears on the connections that carry messages from the first byte on: those that were dialled. */
function recording(host: Host, onPayload: (payload: Uint8Array) => void): Host {
  const connect: Host['network']['connect'] = (name, port, onConnect, onError) =>
    host.network.connect(name, port, (socket) => onConnect(overheard(socket, onPayload)), onError)
  return { ...host, network: { ...host.network, connect } }
}

function overheard(socket: Socket, onPayload: (payload: Uint8Array) => void): Socket {
  const decoder = new FrameDecoder(new Slabs())
  const reader = new JuteReader()
  const listen = (bytes: Uint8Array): void => {
    decoder.push(bytes)
    for (let length = decoder.peekLength(); length !== undefined && decoder.take(length, reader); length = decoder.peekLength()) {
      onPayload(Uint8Array.from(reader.bytes.subarray(reader.position, reader.end)))
    }
  }
  const proxy = Object.create(socket) as Socket
  return Object.defineProperties(proxy, {
    handlers: {
      set(handlers: SocketHandlers) {
        socket.handlers = {
          ...handlers,
          onData(bytes) {
            listen(bytes)
            handlers.onData(bytes)
          },
        }
      },
    },
    bufferedBytes: { get: () => socket.bufferedBytes },
    write: { value: (bytes: Uint8Array) => socket.write(bytes) },
    pause: { value: () => socket.pause() },
    resume: { value: () => socket.resume() },
    end: { value: () => socket.end() },
    destroy: { value: () => socket.destroy() },
  })
}
