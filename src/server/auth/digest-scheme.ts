/**
 * Scheme `digest` (DigestAuthenticationProvider): no password is ever refused; who sends `user:password` simply is
 * `user:hash` from then on. The one digest named in the configuration is the super user.
 */
import { createHash } from 'node:crypto'
import { nodeHashName } from '../config/digest-algorithm.ts'
import type { AuthScheme } from './auth-scheme.ts'
import { splitByColon } from './auth-scheme.ts'

export const SUPER_SCHEME = 'super'

/** `user:base64(hash(user:password))`; the user is the text before the first colon. */
export function digestId(credentials: string, algorithm: string): string {
  const user = credentials.split(':', 1)[0]
  return `${user}:${createHash(nodeHashName(algorithm) ?? algorithm)
    .update(credentials, 'utf8')
    .digest('base64')}`
}

export function createDigestScheme(algorithm: string, superDigest: string | undefined): AuthScheme {
  return {
    name: 'digest',
    isAuthenticated: true,
    authenticate(data) {
      if (data === null) return 'failed'
      const id = digestId(Buffer.from(data.buffer, data.byteOffset, data.length).toString('utf8'), algorithm)
      const own = { scheme: 'digest', id }
      return id === superDigest ? [{ scheme: SUPER_SCHEME, id: '' }, own] : [own]
    },
    isValid: (id) => splitByColon(id).length === 2,
    matches: (id, aclId) => id === aclId,
  }
}
