/** Whoever is told of changes: a client's connection. */
import type { ACL } from '../../jute/generated/data.ts'
import type { EventType } from '../../protocol/events.ts'

export interface Watcher {
  /** What its registrations take, about; kept by the table. */
  watchBytes: number
  /** Called once for each event; whether the watcher may read the node is decided before. */
  onEvent(type: EventType, path: string, zxid: bigint): void
  mayRead(acl: ACL[]): boolean
}
