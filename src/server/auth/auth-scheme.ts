/** What one authentication scheme does (ServerAuthenticationProvider): prove identities, judge ids in ACLs. */
import type { Id } from '../../jute/generated/data.ts'

export interface AuthScheme {
  readonly name: string
  /** Whether an id of this scheme counts when an ACL says `auth`. */
  readonly isAuthenticated: boolean
  /** The ids that an auth packet earns; 'failed' = -115 and close; 'close' = close without a reply. */
  authenticate(data: Uint8Array | null): Id[] | 'failed' | 'close'
  /** Whether `id` may stand in an ACL. */
  isValid(id: string): boolean
  /** Whether a connection's id fits the id of an ACL entry. */
  matches(id: string, aclId: string): boolean
}

/** String.split(":"): trailing empty parts do not count. */
export function splitByColon(text: string): string[] {
  const parts = text.split(':')
  while (parts.length > 0 && parts[parts.length - 1] === '') parts.pop()
  return parts
}
