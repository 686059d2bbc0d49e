/**
 * Ensembles made wrong on purpose, each in one of the ways in which servers have lost data before. A simulation that does
 * not find each of them soon is no proof of anything.
 */
import type { EnsembleServer } from '../quorum/ensemble-server.ts'
import { EpochFiles } from '../quorum/epoch-files.ts'
import { LearnerHandler } from '../quorum/zab/learner-handler.ts'
import { counterOf } from '../quorum/zab/packets.ts'
import { Proposals } from '../quorum/zab/proposals.ts'
import type { LoggedTxn } from '../server/request/request.ts'
import { acknowledgeBeforeSync } from './mutants.ts'
import type { Mutation } from './server-life.ts'

/** How a server is made wrong. */
export interface Defect {
  /** By something between it and its disk. */
  readonly disk?: Mutation
  /** When it has started. */
  readonly server?: (server: EnsembleServer) => void
  /** In all servers, until the returned function is called. */
  readonly install?: () => () => void
}

export interface EnsembleMutant {
  readonly name: string
  readonly defect: Defect
  /** It is found within so many seeds, whichever one begins with. */
  readonly foundWithin: number
}

export const ENSEMBLE_MUTANTS: readonly EnsembleMutant[] = [
  { name: 'acknowledges a proposal before the sync', defect: { disk: acknowledgeBeforeSync }, foundWithin: 5 },
  { name: 'acknowledges NEWLEADER before the history is durable', defect: { server: acknowledgeHistoryEarly }, foundWithin: 20 },
  { name: 'is in the epoch before it has the history', defect: { server: enterEpochEarly }, foundWithin: 5 },
  { name: 'does not store the epoch that it accepts', defect: { install: forgetAcceptedEpoch }, foundWithin: 5 },
  { name: 'commits with its own acknowledgement alone', defect: { install: commitAlone }, foundWithin: 20 },
  { name: 'cuts back to one txn too many', defect: { server: keepOneTooMany }, foundWithin: 60 },
  { name: 'keeps its memory when a snapshot breaks off', defect: { server: keepMemory }, foundWithin: 100 },
  { name: 'does not apply what is logged when a role ends', defect: { server: noFastForward }, foundWithin: 20 },
  { name: 'commits out of order', defect: { install: commitOutOfOrder }, foundWithin: 5 },
  { name: 'answers a sync by its own word as the leader', defect: { server: (server) => syncAlone(server, 'leading') }, foundWithin: 200 },
  { name: 'answers a sync by its own word as a follower', defect: { server: (server) => syncAlone(server, 'following') }, foundWithin: 60 },
  { name: 'sends a log without what only a snapshot holds', defect: { server: hideSnapshots }, foundWithin: 400 },
]

/** Puts another method in the place of one until the returned function is called. */
function replace<T extends object, K extends keyof T>(owner: T, name: K, make: (original: T[K]) => T[K]): () => void {
  const original = owner[name]
  owner[name] = make(original)
  return () => void (owner[name] = original)
}

function acknowledgeHistoryEarly(server: EnsembleServer): void {
  const whenDurable = server.whenDurable.bind(server)
  server.whenDurable = (done) => {
    if (server.role?.phase !== 'synchronization') return whenDurable(done)
    whenDurable(() => undefined)
    done()
  }
}

function enterEpochEarly(server: EnsembleServer): void {
  const { epochs } = server
  const setAccepted = epochs.setAccepted.bind(epochs)
  epochs.setAccepted = (epoch, done) => setAccepted(epoch, (error) => (error === undefined ? epochs.setCurrent(epoch, done) : done(error)))
}

function forgetAcceptedEpoch(): () => void {
  return replace(EpochFiles.prototype, 'setAccepted', () => (_epoch, done) => done(undefined))
}

function commitAlone(): () => void {
  return replace(Proposals.prototype, 'ack', (ack) => {
    return function (this: Proposals, voter, zxid) {
      for (const other of [1n, 2n, 3n, 4n, 5n]) if (other !== voter) ack.call(this, other, zxid)
      return ack.call(this, voter, zxid)
    }
  })
}

function keepOneTooMany(server: EnsembleServer): void {
  const truncate = server.truncate.bind(server)
  server.truncate = (zxid, done) => truncate(zxid + 1n, done)
}

function keepMemory(server: EnsembleServer): void {
  const reload = server.reload.bind(server)
  server.reload = () => server.role === undefined || reload()
}

function noFastForward(server: EnsembleServer): void {
  ;(server as unknown as { fastForward: () => void }).fastForward = () => undefined
}

function commitOutOfOrder(): () => void {
  const held = new WeakMap<LearnerHandler, LoggedTxn>()
  return replace(LearnerHandler.prototype, 'commit', (commit) => {
    return function (this: LearnerHandler, txn, now) {
      const before = held.get(this)
      held.delete(this)
      if (before === undefined && counterOf(txn.header.zxid) % 20n === 0n) return void held.set(this, txn)
      commit.call(this, txn, now)
      if (before !== undefined) commit.call(this, before, now)
    }
  })
}

/** Where nothing of the connection is under way, so that its answers keep their order. */
function syncAlone(server: EnsembleServer, kind: 'leading' | 'following'): void {
  const underWay = new WeakMap<object, number>()
  const count = (client: object | undefined, change: number): void => void (client && underWay.set(client, (underWay.get(client) ?? 0) + change))
  const [submit, sync, applyNext] = [server.submit.bind(server), server.sync.bind(server), server.applyNext.bind(server)]
  server.submit = (request) => {
    count(request.client, 1)
    submit(request)
  }
  server.applyNext = (txn) => {
    const { role } = server
    applyNext(txn)
    if (role === server.role) count(txn.request?.client, -1)
  }
  server.sync = (request) => {
    const { client } = request
    if (server.role?.kind !== kind || client === undefined || (underWay.get(client) ?? 0) > 0) return sync(request)
    server.host.clock.endOfTurn(() => server.processor.onSynced(request))
  }
}

function hideSnapshots(server: EnsembleServer): void {
  Object.defineProperty(server, 'logWholeFrom', { value: 0n })
}
