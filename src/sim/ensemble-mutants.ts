/**
 * Ensembles made wrong on purpose, each in one of the ways in which servers have lost data before, those of the known issues
 * first. A simulation that does not find each of them soon is no proof of anything.
 */
import { counterOf, epochZxid } from '../protocol/zxid.ts'
import { EpochFiles } from '../quorum/config/epoch-files.ts'
import type { EnsembleServer } from '../quorum/member/ensemble-server.ts'
import { Following } from '../quorum/member/following.ts'
import { SocketLink } from '../quorum/wire/packet-link.ts'
import { Absentees } from '../quorum/zab/absentees.ts'
import { Leader } from '../quorum/zab/leader.ts'
import { LearnerHandler } from '../quorum/zab/learner-handler.ts'
import { PacketType } from '../quorum/zab/packets.ts'
import { Proposals } from '../quorum/zab/proposals.ts'
import type { LoggedTxn } from '../server/txn/logged-txn.ts'
import type { BreakageKind } from './broken-member.ts'
import { acknowledgeBeforeSync, noDirectorySync } from './mutants.ts'
import type { Mutation } from './server-life.ts'
import * as troubled from './trouble-mutants.ts'
import { replace } from './trouble-mutants.ts'

/** How a server is made wrong. */
export interface Defect {
  /** By something between it and its disk. */
  readonly disk?: Mutation
  /** When it has started. */
  readonly server?: (server: EnsembleServer) => void
  /** In all servers, until the returned function is called. */
  readonly install?: () => () => void
  /** Shows only while one member stays broken in this way. */
  readonly breakage?: BreakageKind
}

export interface EnsembleMutant {
  readonly name: string
  readonly defect: Defect
  /** It is found within so many seeds, whichever one begins with. */
  readonly foundWithin: number
}

export const ENSEMBLE_MUTANTS: readonly EnsembleMutant[] = [
  { name: 'acknowledges a proposal before the sync', defect: { disk: acknowledgeBeforeSync }, foundWithin: 10 },
  // ZOOKEEPER-4646, 4785
  { name: 'acknowledges NEWLEADER before the history is durable', defect: { server: acknowledgeHistoryEarly }, foundWithin: 40 },
  // ZOOKEEPER-4643
  { name: 'is in the epoch before it has the history', defect: { server: enterEpochEarly }, foundWithin: 20 },
  // ZOOKEEPER-3911
  { name: 'serves a history that it does not log', defect: { server: leaveHistoryOut }, foundWithin: 20 },
  // ZOOKEEPER-4685
  { name: 'acknowledges txns before NEWLEADER', defect: { install: acknowledgeTxnsEarly }, foundWithin: 20 },
  // ZOOKEEPER-4394
  { name: 'forwards what is new before UPTODATE', defect: { install: forwardEarly }, foundWithin: 40 },
  // ZOOKEEPER-4925
  { name: 'leaves out of the committed log what it was sent as history', defect: { server: leaveHoles }, foundWithin: 400 },
  // ZOOKEEPER-3104
  { name: 'sends NEWLEADER before the end of the history', defect: { install: newLeaderFirst }, foundWithin: 20 },
  // ZOOKEEPER-3642, 5094
  { name: 'keeps its memory when a snapshot breaks off', defect: { server: keepMemory }, foundWithin: 400 },
  // ZOOKEEPER-2845
  { name: 'does not apply what is logged when a role ends', defect: { server: noFastForward }, foundWithin: 20 },
  // ZOOKEEPER-4712
  { name: 'votes by what its log has not written yet', defect: { server: voteEarly }, foundWithin: 40 },
  { name: 'does not store the epoch that it accepts', defect: { install: forgetAcceptedEpoch }, foundWithin: 5 },
  { name: 'commits with its own acknowledgement alone', defect: { install: commitAlone }, foundWithin: 20 },
  {
    name: 'commits by what a learner has lost since',
    defect: { install: () => replace(Proposals.prototype, 'forget', () => () => undefined) },
    foundWithin: 400,
  },
  { name: 'commits out of order', defect: { install: commitOutOfOrder }, foundWithin: 5 },
  { name: 'cuts back to one txn too many', defect: { server: keepOneTooMany }, foundWithin: 60 },
  { name: 'sends a log without what only a snapshot holds', defect: { server: hideSnapshots }, foundWithin: 200 },
  { name: 'answers a sync by its own word as the leader', defect: { server: (server) => syncAlone(server, 'leading') }, foundWithin: 400 },
  { name: 'answers a sync by its own word as a follower', defect: { server: (server) => syncAlone(server, 'following') }, foundWithin: 60 },
  { name: 'compares digests over a tree that is fuzzy', defect: { install: troubled.forgetFuzziness }, foundWithin: 40 },
  { name: 'replays nothing before the end of a fuzzy snapshot', defect: { install: troubled.skipFuzzyTail }, foundWithin: 40 },
  { name: 'votes with less where its newest snapshot cannot be read', defect: { server: troubled.voteWithLess }, foundWithin: 400 },
  { name: 'counts heads where weights count', defect: { install: troubled.countHeads }, foundWithin: 100 },
  { name: 'stays read-only beside a quorum', defect: { server: troubled.stayReadOnly }, foundWithin: 100 },
  { name: 'votes while its disk hangs', defect: { server: troubled.waitForDiskInVain }, foundWithin: 100 },
  { name: 'leaves out what it has no room for', defect: { install: troubled.leaveOutForRoom }, foundWithin: 40 },
  { name: 'keeps no newest txn where there is no room', defect: { install: troubled.forgetNewest }, foundWithin: 100 },
  { name: 'ends some of the sessions that expire together', defect: { server: troubled.expireFirstSlice }, foundWithin: 40 },
  { name: 'does not sync the directory of an epoch file', defect: { disk: (mount) => noDirectorySync(mount, 'epoch') }, foundWithin: 60 },
  { name: 'commits what it is sent before UPTODATE', defect: { server: troubled.commitWhatIsForwarded }, foundWithin: 400 },
  { name: 'asks for the same history behind a hole', defect: { server: troubled.forgetHoles }, foundWithin: 100 },
  { name: 'takes any ACK for that of the history', defect: { install: troubled.takeAnyAck }, foundWithin: 100 },
  { name: 'takes the echo of an old ping', defect: { install: troubled.takeOldEchoes }, foundWithin: 400 },
  { name: 'expires sessions of which it has not asked', defect: { server: troubled.expireUnheard }, foundWithin: 100 },
  { name: 'takes a learner that reads a long snapshot for dead', defect: { install: troubled.countWordsAlone }, foundWithin: 100 },
  { name: 'passes over the version of a configuration', defect: { install: troubled.passOverVersions }, foundWithin: 100 },
  { name: 'reads the sid before a configuration as its txn', defect: { install: troubled.readSidAsTxn }, foundWithin: 200 },
  { name: 'tells its leader of no client', defect: { install: troubled.tellOfNobody }, foundWithin: 40 },
  { name: 'follows time and again whom it cannot reach', defect: { install: trustEverybody, breakage: 'quorum dials in' }, foundWithin: 20 },
  {
    name: 'believes time and again who only says that it leads',
    defect: { install: believeEverybody, breakage: 'says for ever that it leads' },
    foundWithin: 40,
  },
  { name: 'waits in turn with another for a voter that never comes', defect: { install: waitForEverybody, breakage: 'leaves every leader' }, foundWithin: 80 },
]

function acknowledgeHistoryEarly(server: EnsembleServer): void {
  const whenDurable = server.whenDurable.bind(server)
  server.whenDurable = (done) => {
    if (server.role?.phase !== 'synchronization') return whenDurable(done)
    whenDurable(() => undefined)
    done()
  }
}

/** At NEWLEADER the epoch comes first, then what the leader has sent. */
function enterEpochEarly(server: EnsembleServer): void {
  const { epochs } = server
  const [append, whenDurable, persist] = [server.append.bind(server), server.whenDurable.bind(server), server.persist.bind(server)]
  const isSyncing = (): boolean => server.role instanceof Following && server.role.phase === 'synchronization'
  let held: LoggedTxn[] = []
  server.append = (txn) => (isSyncing() ? void held.push(txn) : append(txn))
  server.whenDurable = (done) => {
    if (!isSyncing()) return whenDurable(done)
    const history = held
    held = []
    epochs.setCurrent(epochs.accepted, () => {
      for (const txn of history) append(txn)
      whenDurable(done)
    })
  }
  server.persist = (done) => epochs.setCurrent(epochs.accepted, () => persist(done))
}

function leaveHistoryOut(server: EnsembleServer): void {
  const append = server.append.bind(server)
  server.append = (txn) => (server.role?.phase === 'synchronization' ? undefined : append(txn))
}

function acknowledgeTxnsEarly(): () => void {
  const histories = new WeakMap<SocketLink, bigint[]>()
  return replace(SocketLink.prototype, 'send', (send) => {
    return function (this: SocketLink, type, zxid, data, authinfo) {
      if (type === PacketType.FOLLOWERINFO) {
        const { handlers } = this
        const history: bigint[] = []
        histories.set(this, history)
        this.handlers = {
          onPacket(packet) {
            if (packet.type === PacketType.PROPOSAL) history.push(packet.zxid)
            handlers.onPacket(packet)
          },
          onClose: (reason) => handlers.onClose(reason),
        }
      }
      if (type === PacketType.ACK && counterOf(zxid) === 0n) {
        for (const logged of histories.get(this) ?? []) send.call(this, PacketType.ACK, logged)
        histories.delete(this)
      }
      send.call(this, type, zxid, data, authinfo)
    }
  })
}

function forwardEarly(): () => void {
  const isEarly = ({ phase, kind }: LearnerHandler): boolean => kind === 'follower' && (phase === 'syncing' || phase === 'synced')
  const restoreProposals = replace(LearnerHandler.prototype, 'propose', (propose) => {
    return function (this: LearnerHandler, txn, now) {
      if (isEarly(this)) this.link.send(PacketType.PROPOSAL, txn.header.zxid, txn.payload)
      else propose.call(this, txn, now)
    }
  })
  const restoreCommits = replace(LearnerHandler.prototype, 'commit', (commit) => {
    return function (this: LearnerHandler, txn, now) {
      if (isEarly(this)) this.link.send(PacketType.COMMIT, txn.header.zxid)
      else commit.call(this, txn, now)
    }
  })
  return () => {
    restoreProposals()
    restoreCommits()
  }
}

function leaveHoles(server: EnsembleServer): void {
  const { committed } = server
  const add = committed.add.bind(committed)
  committed.add = (zxid, payload) => (server.role?.phase === 'synchronization' ? undefined : add(zxid, payload))
}

/** Behind a snapshot it cannot come: nobody knows then where the snapshot ends. */
function newLeaderFirst(): () => void {
  return replace(Leader.prototype, 'accept', (accept) => {
    return function (this: Leader, link) {
      const send = link.send.bind(link)
      let isSent = false
      link.send = (type, zxid, data, authinfo) => {
        if (type === PacketType.NEWLEADER && isSent) return
        send(type, zxid, data, authinfo)
        if (type !== PacketType.DIFF && type !== PacketType.TRUNC) return
        isSent = true
        send(PacketType.NEWLEADER, epochZxid(this.epoch))
      }
      return accept.call(this, link)
    }
  })
}

function voteEarly(server: EnsembleServer): void {
  const whenDurable = server.whenDurable.bind(server)
  server.whenDurable = (done) => {
    whenDurable(server.role === undefined ? () => undefined : done)
    if (server.role === undefined) done()
  }
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
  server.reload = (done) => (server.role === undefined ? done(true) : reload(done))
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
  const { processor } = server
  const onSynced = processor.onSynced.bind(processor)
  processor.onSynced = (request) => {
    count(request.client, -1)
    onSynced(request)
  }
  server.sync = (request) => {
    const { client } = request
    const isFirst = client !== undefined && (underWay.get(client) ?? 0) === 0
    count(client, 1)
    if (server.role?.kind === kind && isFirst) processor.onSynced(request)
    else sync(request)
  }
}

function hideSnapshots(server: EnsembleServer): void {
  Object.defineProperty(server, 'logWholeFrom', { value: 0n })
}

/** Whoever lets others down is elected, and counted, again at once. */
function trustEverybody(): () => void {
  return replace(Absentees.prototype, 'has', () => () => false)
}

function believeEverybody(): () => void {
  return replace(Absentees.prototype, 'disbelieves', () => () => false)
}

/** As before anybody thought of it: nobody gives up before initLimit, either. */
function waitForEverybody(): () => void {
  const restores = [
    trustEverybody(),
    replace(Leader.prototype, 'onElectorLooks', () => () => false),
    replace(Following.prototype, 'onLeaderLooks', () => () => undefined),
  ]
  return () => {
    for (const restore of restores) restore()
  }
}
