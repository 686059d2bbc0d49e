/** Scheme `ensemble` (EnsembleAuthenticationProvider): keeps clients of another ensemble out; never in ACLs. */
import type { AuthScheme } from './auth-scheme.ts'

export function createEnsembleScheme(names: ReadonlySet<string>): AuthScheme {
  return {
    name: 'ensemble',
    isAuthenticated: false,
    authenticate(data) {
      if (data === null || data.length === 0 || names.size === 0) return []
      return names.has(Buffer.from(data.buffer, data.byteOffset, data.length).toString('utf8')) ? [] : 'close'
    },
    isValid: () => false,
    matches: () => false,
  }
}
