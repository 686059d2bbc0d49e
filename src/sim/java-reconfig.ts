/** A reconfiguration as a Java leader makes it, with the members that there are: only the version of the configuration changes. */
import { hex } from '../base/hex.ts'
import { SetDataTxn } from '../jute/generated/txn.ts'
import { JuteWriter } from '../jute/writer.ts'
import { OpCode } from '../protocol/codes.ts'
import type { EnsembleServer } from '../quorum/member/ensemble-server.ts'
import type { LearnerHandler } from '../quorum/zab/learner-handler.ts'
import { NO_BYTES, PacketType } from '../quorum/zab/packets.ts'
import { txn, writeOp } from '../server/ops/op.ts'
import { frameless } from '../server/txn/request.ts'

const CONFIG_NODE = '/zookeeper/config'

interface SameMembers {
  /** The text of the configuration but for its version. */
  readonly lines: string
}

const sameMembersOp = writeOp<SameMembers>({
  kind: 'write',
  type: OpCode.reconfig,
  name: 'reconfig',
  shortName: 'RECO',
  request: undefined,
  prepare({ view, zxid, time, tree }, { lines }) {
    const node = view.get(CONFIG_NODE)!
    const data = Buffer.from(`${lines}\nversion=${hex(zxid)}`, 'utf8')
    const changed = view.copy(node)
    changed.version = (node.version + 1) | 0
    changed.mtime = time
    changed.mzxid = zxid
    changed.dataLength = data.length
    changed.contentCrc = tree.contentCrc(CONFIG_NODE, data)
    view.put(zxid, changed)
    return txn(OpCode.reconfig, SetDataTxn, { path: CONFIG_NODE, data, version: changed.version })
  },
  reply: () => undefined,
})

export function proposeSameMembers(server: EnsembleServer): void {
  const { processor, host, config } = server
  const lines = config.text.slice(0, config.text.lastIndexOf('\nversion='))
  processor.submit(frameless({ client: undefined, session: 0n, op: sameMembersOp, record: { lines }, receivedAt: host.clock.now() }))
}

/** As Leader.tryToCommit: the leader has the new version before anybody is told that it is committed. */
export function adoptAsLeader(server: EnsembleServer): void {
  const applyNext = server.applyNext.bind(server)
  server.applyNext = (committed) => {
    if (committed.kind.type === OpCode.reconfig && server.role?.kind === 'leading') {
      const { data } = committed.record as SetDataTxn
      server.acceptsConfig([Buffer.from(data!).toString('utf8')], true)
      server.adoptConfig()
    }
    applyNext(committed)
  }
}

/** A reconfiguration is committed by packets that name the leader from then on. */
export function activateByPacket(server: EnsembleServer, learner: LearnerHandler): void {
  const { link } = learner
  const send = link.send.bind(link)
  const designated = new JuteWriter()
  designated.long(server.self)
  const commit = learner.commit.bind(learner)
  /** What is held for a learner that syncs goes out later. */
  const reconfigs = new Set<bigint>()
  learner.commit = (committed, now) => {
    if (committed.kind.type === OpCode.reconfig) reconfigs.add(committed.header.zxid)
    commit(committed, now)
  }
  link.send = (type, zxid, data, authinfo) => {
    const isActivating = learner.phase === 'active' && reconfigs.has(zxid)
    if (!isActivating || (type !== PacketType.COMMIT && type !== PacketType.INFORM)) return send(type, zxid, data, authinfo)
    const activation = type === PacketType.COMMIT ? PacketType.COMMITANDACTIVATE : PacketType.INFORMANDACTIVATE
    send(activation, zxid, Buffer.concat([designated.copy(), data ?? NO_BYTES]), authinfo)
  }
}
