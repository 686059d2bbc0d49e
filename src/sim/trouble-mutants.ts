/** Defects that show only where snapshots are fuzzy, links slow, disks bad, votes weighed or peers of another make. */
import { counterOf, epochZxid } from '../protocol/zxid.ts'
import { QuorumConfig } from '../quorum/config/quorum-config.ts'
import type { EnsembleServer } from '../quorum/member/ensemble-server.ts'
import { Following } from '../quorum/member/following.ts'
import { CommittedLog } from '../quorum/zab/committed-log.ts'
import { Learner } from '../quorum/zab/learner.ts'
import { LearnerHandler } from '../quorum/zab/learner-handler.ts'
import { PacketType } from '../quorum/zab/packets.ts'
import { ReplicaImage } from '../server/replica/replica-image.ts'
import { Replica } from '../server/replica/replica.ts'

/** Shorter than the longest that a disk hangs. */
const PATIENCE_MS = 1000
/** Of what may wait for a learner. */
const ROOM_BYTES = 2000
const SID_BYTES = 8

/** Puts another method in the place of one until the returned function is called. */
export function replace<T extends object, K extends keyof T>(owner: T, name: K, make: (original: T[K]) => T[K]): () => void {
  const original = owner[name]
  owner[name] = make(original)
  return () => void (owner[name] = original)
}

/** Digests are compared over a tree that shows traces of what came later. */
export function forgetFuzziness(): () => void {
  return replace(Replica.prototype, 'isFuzzyAt', () => () => false)
}

/** As if a snapshot held all that was applied when its last slice was made. */
export function skipFuzzyTail(): () => void {
  const ends = new WeakMap<ReplicaImage, bigint>()
  const restoreLoaded = replace(ReplicaImage.prototype, 'loaded', (loaded) => {
    return function (this: ReplicaImage, info) {
      ends.set(this, info.digest?.zxid ?? 0n)
      loaded.call(this, info)
    }
  })
  const restoreReplay = replace(ReplicaImage.prototype, 'replay', (replay) => {
    return function (this: ReplicaImage, header, payload) {
      if (header.zxid >= (ends.get(this) ?? 0n)) replay.call(this, header, payload)
    }
  })
  return () => {
    restoreLoaded()
    restoreReplay()
  }
}

export function voteWithLess(server: EnsembleServer): void {
  Object.defineProperty(server, 'lastZxid', { get: () => server.replica.lastProcessedZxid })
}

export function countHeads(): () => void {
  return replace(QuorumConfig.prototype, 'containsQuorum', () => {
    return function (this: QuorumConfig, sids) {
      let count = 0
      for (const sid of sids) if (this.voters.has(sid)) count++
      return count > this.voters.size / 2
    }
  })
}

export function stayReadOnly({ service }: EnsembleServer): void {
  const stopServing = service.stopServing.bind(service)
  service.stopServing = (reason) => (service.isReadOnly ? undefined : stopServing(reason))
}

export function waitForDiskInVain(server: EnsembleServer): void {
  const whenDurable = server.whenDurable.bind(server)
  server.whenDurable = (done) => {
    let isDone = false
    const once = (): void => {
      if (!isDone) done()
      isDone = true
    }
    whenDurable(once)
    server.host.clock.after(PATIENCE_MS, once)
  }
}

export function leaveOutForRoom(): () => void {
  return replace(LearnerHandler.prototype, 'propose', (propose) => {
    return function (this: LearnerHandler, txn, now) {
      if (this.queuedBytes < ROOM_BYTES) propose.call(this, txn, now)
    }
  })
}

/** Where as many are kept as may be, the newest finds no room. */
export function forgetNewest(): () => void {
  const counts = new WeakMap<CommittedLog, number>()
  return replace(CommittedLog.prototype, 'add', (add) => {
    return function (this: CommittedLog, zxid, payload) {
      const before = this.txns().length
      const most = counts.get(this)
      // The limit shows itself when one more is added and there are no more than before.
      if (most !== undefined && before >= most && zxid % 16n === 0n) return
      add.call(this, zxid, payload)
      if (before > 0 && this.txns().length === before) counts.set(this, before)
    }
  })
}

export function expireFirstSlice({ processor }: EnsembleServer): void {
  const { slices } = processor
  const add = slices.add.bind(slices)
  slices.add = (slice) =>
    add(() => {
      slice()
      return false
    })
}

/** What a leader of Java forwards to who still syncs may come to nothing. */
export function commitWhatIsForwarded(server: EnsembleServer): void {
  const told = server.onLink
  server.onLink = (link) => {
    told(link)
    const { handlers } = link
    let isWaiting = false
    link.handlers = {
      onPacket(packet) {
        if (packet.type === PacketType.NEWLEADER) isWaiting = true
        if (packet.type === PacketType.UPTODATE) isWaiting = false
        if (isWaiting && packet.type === PacketType.COMMIT) return
        handlers.onPacket(packet)
        if (isWaiting && packet.type === PacketType.PROPOSAL) handlers.onPacket({ type: PacketType.COMMIT, zxid: packet.zxid, data: null, authinfo: null })
      },
      onClose: (reason) => handlers.onClose(reason),
    }
  }
}

export function forgetHoles(server: EnsembleServer): void {
  Object.defineProperty(server, 'holeOf', { get: () => undefined, set: () => undefined })
}

export function takeAnyAck(): () => void {
  const epochs = new WeakMap<LearnerHandler, bigint>()
  const restoreSend = replace(LearnerHandler.prototype, 'sendNewLeader', (sendNewLeader) => {
    return function (this: LearnerHandler, epoch, config) {
      epochs.set(this, epoch)
      sendNewLeader.call(this, epoch, config)
    }
  })
  const restoreHear = replace(LearnerHandler.prototype, 'onPacket', (onPacket) => {
    return function (this: LearnerHandler, packet) {
      const epoch = epochs.get(this)
      const isEarly = epoch !== undefined && this.phase === 'syncing' && packet.type === PacketType.ACK && counterOf(packet.zxid) !== 0n
      onPacket.call(this, isEarly ? { ...packet, zxid: epochZxid(epoch) } : packet)
    }
  })
  return () => {
    restoreSend()
    restoreHear()
  }
}

/** Any echo counts for the newest ping. */
export function takeOldEchoes(): () => void {
  const rounds = new WeakMap<LearnerHandler, number>()
  const restorePing = replace(LearnerHandler.prototype, 'ping', (ping) => {
    return function (this: LearnerHandler, zxid, round) {
      rounds.set(this, round)
      ping.call(this, zxid, round)
    }
  })
  const restoreHear = replace(LearnerHandler.prototype, 'onPacket', (onPacket) => {
    return function (this: LearnerHandler, packet) {
      onPacket.call(this, packet)
      if (packet.type === PacketType.PING) this.echoed = rounds.get(this) ?? 0
    }
  })
  return () => {
    restorePing()
    restoreHear()
  }
}

export function expireUnheard(server: EnsembleServer): void {
  ;(server as unknown as { hearOthers(done: () => void): void }).hearOthers = (done) => done()
}

export function passOverVersions(): () => void {
  return replace(Learner.prototype, 'onPacket', (onPacket) => {
    return function (this: Learner, packet) {
      if (packet.type === PacketType.COMMITANDACTIVATE) onPacket.call(this, { ...packet, type: PacketType.COMMIT })
      else if (packet.type === PacketType.INFORMANDACTIVATE) onPacket.call(this, { ...packet, type: PacketType.INFORM, data: packet.data!.subarray(SID_BYTES) })
      else onPacket.call(this, packet)
    }
  })
}

/** The txn of an INFORMANDACTIVATE stands behind the sid of the leader. */
export function readSidAsTxn(): () => void {
  return replace(Learner.prototype, 'onPacket', (onPacket) => {
    return function (this: Learner, packet) {
      const data = packet.type === PacketType.INFORMANDACTIVATE ? Buffer.concat([new Uint8Array(SID_BYTES), packet.data!]) : packet.data
      onPacket.call(this, { ...packet, data })
    }
  })
}

/** What a learner takes is no sign of life. */
export function countWordsAlone(): () => void {
  const original = Object.getOwnPropertyDescriptor(LearnerHandler.prototype, 'seenAt')!
  Object.defineProperty(LearnerHandler.prototype, 'seenAt', {
    ...original,
    get(this: LearnerHandler): number {
      return this.phase === 'syncing' ? this.link.heardAt : (original.get!.call(this) as number)
    },
  })
  return () => void Object.defineProperty(LearnerHandler.prototype, 'seenAt', original)
}

export function tellOfNobody(): () => void {
  return replace(Following.prototype, 'takeTouched', () => () => [])
}
