/**
 * Scheme `ip` (IPAuthenticationProvider): every connection has its address as an id; ACLs name an address or a
 * network. Numbers are read as leniently as Java reads them (`0127.0.0.1`, `/+8`).
 */
import { parseAddress, parseInteger } from '../../protocol/addresses.ts'
import type { AuthScheme } from './auth-scheme.ts'

export const ipScheme: AuthScheme = {
  name: 'ip',
  isAuthenticated: false,
  authenticate: () => [],
  isValid: (id) => parseNetwork(id) !== undefined,
  matches(id, aclId) {
    const network = parseNetwork(aclId)
    const address = parseAddress(id)
    if (network === undefined || address === undefined || address.length !== network.address.length) return false
    for (let i = 0, bits = network.bits; i < address.length && bits > 0; i++, bits -= 8) {
      const mask = bits >= 8 ? 0xff : (0xff << (8 - bits)) & 0xff
      if ((address[i] & mask) !== (network.address[i] & mask)) return false
    }
    return true
  },
}

function parseNetwork(text: string): { address: number[]; bits: number } | undefined {
  const slash = text.indexOf('/')
  const address = parseAddress(slash === -1 ? text : text.slice(0, slash))
  if (address === undefined) return undefined
  if (slash === -1) return { address, bits: address.length * 8 }
  const bits = parseInteger(text.slice(slash + 1), 10)
  return bits === undefined || bits < 0 || bits > address.length * 8 ? undefined : { address, bits }
}
