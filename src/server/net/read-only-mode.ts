/**
 * A member of an ensemble that finds no quorum and serves reads to those who say that this is enough for them (ReadOnlyZooKeeperServer). Its
 * sessions are known to nobody else and end with it.
 */
import { OpCode } from '../../protocol/codes.ts'
import type { AnyOp } from '../ops/op.ts'
import type { SessionTable } from '../session/session-table.ts'

export class ReadOnlyMode {
  readonly sessions: SessionTable

  constructor(sessions: SessionTable) {
    this.sessions = sessions
  }

  /** What only a quorum can do; the beginning and the end of a session are done here. */
  refuses({ kind, type }: AnyOp): boolean {
    if (type === OpCode.createSession || type === OpCode.closeSession) return false
    return kind === 'write' || type === OpCode.sync
  }
}
