// Servers that do nothing but elect, each with a mesh of its own, on one fake host: what production runs, less the rest of a server.
import type { QuorumConfig } from '../../src/quorum/config/quorum-config.ts'
import { ElectionMesh } from '../../src/quorum/wire/election-mesh.ts'
import type { ElectionMeshParts } from '../../src/quorum/wire/election-mesh.ts'
import { Election } from '../../src/quorum/zab/election.ts'
import type { History } from '../../src/quorum/zab/election.ts'
import type { Host } from '../../src/server/host/host.ts'
import { FakeHost } from './fake-host.ts'
import { notificationText } from './lone-election.ts'

export const meshSettings: ElectionMeshParts['settings'] = {
  tickTime: 1000,
  syncLimit: 5,
  cnxTimeoutMs: 5000,
  quorumCnxnTimeoutMs: -1,
  electionPortBindRetry: 3,
  quorumListenOnAllIPs: false,
  multiAddressEnabled: false,
}

export interface ElectorOptions {
  readonly host: Pick<Host, 'clock' | 'network' | 'log'>
  readonly self: bigint
  readonly config: QuorumConfig
  readonly settings?: Partial<ElectionMeshParts['settings']>
}

/** An election and its mesh, as a server puts them together. */
export class Elector {
  readonly mesh: ElectionMesh
  readonly election: Election
  /** `leading 3 z0 r1 e0`; undefined while it looks. */
  decision: string | undefined
  /** What it heard, `2: looking 3 z0 r1 e0` by sender. */
  readonly heard: string[] = []

  constructor({ host, self, config, settings }: ElectorOptions) {
    this.mesh = new ElectionMesh({
      self,
      config,
      host,
      settings: { ...meshSettings, ...settings },
      onNotification: (from, notification) => {
        this.heard.push(`${from}: ${notificationText(notification)}`)
        this.election.onNotification(from, notification)
      },
      onPeerLost: (sid) => this.election.onPeerLost(sid),
      onPeerDown: (sid) => this.election.onPeerDown(sid),
      onUnableToBind: () => this.heard.push('unable to bind'),
    })
    this.election = new Election({
      self,
      config,
      configText: () => config.text,
      clock: host.clock,
      log: host.log,
      effects: this.mesh,
      minIntervalMs: 200,
      maxIntervalMs: 60_000,
      absenceMs: 40_000,
      hearsayMs: 10_000,
    })
  }

  look(history: Partial<History> = {}): void {
    this.decision = undefined
    this.election.look({ zxid: 0n, peerEpoch: 0n, ...history }, ({ role, vote }) => {
      this.decision = notificationText({ state: role, ...vote })
    })
  }

  stop(done: () => void = () => undefined): void {
    this.election.stop()
    this.mesh.stop(done)
  }
}

/** Electors of one configuration that come and go. */
export class Electorate {
  readonly host = new FakeHost()
  readonly running = new Map<number, Elector>()
  readonly #config: QuorumConfig

  constructor(config: QuorumConfig) {
    this.#config = config
  }

  start(sid: number, history: Partial<History> = {}): Elector {
    const elector = new Elector({ host: this.host, self: BigInt(sid), config: this.#config })
    this.running.set(sid, elector)
    elector.look(history)
    return elector
  }

  /** As kill -9: its sockets close, its ports refuse. */
  kill(sid: number): void {
    this.running.get(sid)!.stop()
    this.running.delete(sid)
  }

  /** By sid; `looking` where there is no decision yet. */
  get decisions(): Record<number, string> {
    return Object.fromEntries([...this.running].map(([sid, { decision }]) => [sid, decision ?? 'looking']))
  }

  /** Lets time pass until nobody looks, and tells how much. */
  elect(limitMs = 5000): number {
    const { clock } = this.host
    const start = clock.nowMs
    this.host.settle()
    while ([...this.running.values()].some(({ decision }) => decision === undefined)) {
      if (clock.nowMs - start > limitMs) throw new Error(`no election within ${limitMs} ms: ${JSON.stringify(this.decisions)}`)
      this.host.advance(1)
    }
    return clock.nowMs - start
  }
}
