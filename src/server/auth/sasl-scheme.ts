/** Scheme `sasl` in ACLs (SASLAuthenticationProvider): proved by SASL packets, never by an auth packet. */
import type { AuthScheme } from './auth-scheme.ts'
import { SUPER_SCHEME } from './digest-scheme.ts'

const KERBEROS_NAME = /^[^/@]+(\/[^/@]+)?@[^/@]*$/

export function createSaslScheme(letAnyUserDo: string | undefined): AuthScheme {
  return {
    name: 'sasl',
    isAuthenticated: true,
    authenticate: () => 'failed',
    isValid: (id) => (id.includes('@') || id.split('/').length > 2 ? KERBEROS_NAME.test(id) : true),
    matches: (id, aclId) => id === SUPER_SCHEME || id === aclId || (letAnyUserDo !== undefined && aclId === letAnyUserDo),
  }
}
