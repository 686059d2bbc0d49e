/** What a member is between two elections. */
import type { Request } from '../../server/txn/request.ts'

/** What a server does between two elections. */
export interface Role {
  readonly kind: 'leading' | 'following' | 'observing'
  readonly phase: 'discovery' | 'synchronization' | 'broadcast'
  submit(request: Request): void
  sync(request: Request): void
  onLogged(zxid: bigint): void
  revalidate(id: bigint, timeoutMs: number, answer: (isAlive: boolean) => void): void
  onTouched(id: bigint, timeoutMs: number): void
  stop(reason: string): void
}
