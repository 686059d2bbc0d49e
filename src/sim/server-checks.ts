/**
 * What must hold of a server at every moment of its life, and what a restart must have brought back: all that the one
 * before it had applied, and what it had logged beyond that.
 */
import { JuteReader } from '../jute/reader.ts'
import { finish } from '../server/host/disk-work.ts'
import type { Replica } from '../server/replica/replica.ts'
import type { StandaloneServer } from '../server/standalone.ts'
import { TxnLogReader } from '../server/storage/txn-log-reader.ts'
import { decodeTxn } from '../server/txn/txn-codec.ts'
import type { Inspector } from './inspector.ts'
import type { Ledger } from './ledger.ts'
import type { SimDisk } from './sim-disk.ts'
import { compareWithLedger, difference, replicaText } from './tree-text.ts'
import { Violation } from './world.ts'

const MAX_LENGTH = 8 << 20
/** The root and what a server makes below /zookeeper. */
export const SYSTEM_NODES = 4

export class ServerChecks {
  readonly #ledger: Ledger
  readonly #inspector: Inspector
  readonly #disk: SimDisk
  /** The memory of the last server that served, with all it had applied. */
  #remembered: Replica | undefined

  constructor(ledger: Ledger, inspector: Inspector, disk: SimDisk) {
    this.#ledger = ledger
    this.#inspector = inspector
    this.#disk = disk
  }

  /** It has recovered, and nobody was served yet. */
  onServing({ replica }: StandaloneServer): void {
    const ledger = this.#ledger
    this.#readTail(replica.lastProcessedZxid)
    if (this.#remembered !== undefined) compareWithMemory(this.#remembered, replica)
    compareWithLedger(replica, ledger)
    this.#remembered = replica
    const apply = replica.apply.bind(replica)
    replica.apply = (txn) => {
      const result = apply(txn)
      ledger.onTxn(txn)
      return result
    }
  }

  /** After every event, so it may cost next to nothing: the server and the ledger count alike. */
  checkNow({ replica, sessions, metrics }: StandaloneServer): void {
    const { lastApplied, nodeCount, ephemeralCount, sessionCount } = this.#ledger
    const { tree, lastProcessedZxid } = replica
    if (lastProcessedZxid !== lastApplied) throw new Violation(`zxid ${lastApplied} was applied, and the server is at ${lastProcessedZxid}`)
    if (tree.nodeCount !== nodeCount + SYSTEM_NODES) throw new Violation(`${tree.nodeCount} nodes, not ${nodeCount + SYSTEM_NODES}`)
    if (tree.ephemeralCount !== ephemeralCount) throw new Violation(`${tree.ephemeralCount} ephemerals, not ${ephemeralCount}`)
    if (sessions.size !== sessionCount) throw new Violation(`${sessions.size} sessions, not ${sessionCount}`)
    const mismatches = metrics.digestMismatchesCount.value
    if (mismatches > 0) throw new Violation(`${mismatches} digests did not match`)
  }

  checkTree({ replica }: StandaloneServer): void {
    compareWithLedger(replica, this.#ledger)
  }

  /** Txns that were logged and not applied when the server died: nobody was told of them, and they hold all the same. */
  #readTail(recovered: bigint): void {
    const ledger = this.#ledger
    if (recovered < ledger.lastSeen) throw new Violation(`clients have seen zxid ${ledger.lastSeen}, the restart has brought back ${recovered}`)
    if (recovered < ledger.lastApplied) throw new Violation(`zxid ${ledger.lastApplied} was applied, the restart has brought back ${recovered}`)
    const { dirs } = this.#inspector
    const reader = new TxnLogReader(this.#disk.look(), dirs.logDirectory, ledger.lastApplied + 1n, { maxLength: MAX_LENGTH })
    while (finish(reader.next())) {
      const txn = decodeTxn(new Uint8Array(reader.payload), new JuteReader({ maxLength: MAX_LENGTH }))
      ledger.onTxn(txn)
      this.#remembered?.apply(txn)
    }
    finish(reader.close())
    if (recovered !== ledger.lastApplied) throw new Violation(`the log ends at zxid ${ledger.lastApplied}, the restart has brought back ${recovered}`)
  }
}

function compareWithMemory(remembered: Replica, recovered: Replica): void {
  const [expected, found] = [replicaText(remembered), replicaText(recovered)]
  if (expected === found) return
  throw new Violation(`the restart has brought back another state than there was:\n${difference(expected, found)}`)
}
