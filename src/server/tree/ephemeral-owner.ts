/**
 * What the 64 bits of `ephemeralOwner` mean (EphemeralType): nothing, a session, a container, or a TTL.
 * The one place that knows the bit layout.
 */

export const CONTAINER_OWNER = BigInt.asIntN(64, 0x8000_0000_0000_0000n)
/** Largest time to live in milliseconds: 40 bits. */
export const MAX_TTL_MS = (1n << 40n) - 1n

const TTL_MASK = 0xff00_0000_0000_0000n
const TTL_RESERVED = 0x00ff_ff00_0000_0000n
const TTL_VALUE = MAX_TTL_MS

export type OwnerKind = 'none' | 'session' | 'container' | 'ttl'

/**
 * With extended types off, everything that is neither 0 nor the container mark is a session. So is what looks like a TTL
 * and has reserved bits set: no release writes such a TTL, but a server 255 gives out such session ids, which end Java here.
 */
export function ownerKind(owner: bigint, extendedTypes: boolean): OwnerKind {
  if (owner === 0n) return 'none'
  if (owner === CONTAINER_OWNER) return 'container'
  if (extendedTypes && (BigInt.asUintN(64, owner) & (TTL_MASK | TTL_RESERVED)) === TTL_MASK) return 'ttl'
  return 'session'
}

export function isValidTtl(ttlMs: bigint): boolean {
  return ttlMs > 0n && ttlMs <= MAX_TTL_MS
}

export function ttlOwner(ttlMs: bigint): bigint {
  return BigInt.asIntN(64, TTL_MASK | ttlMs)
}

export function ttlOf(owner: bigint): bigint {
  return owner & TTL_VALUE
}
