/**
 * A session's password: the first 16 bytes of java.util.Random seeded with the id, so that every server can
 * compute it (ZooKeeperServer.generatePasswd). It is a checksum, not a secret.
 */

const SEED_MASK = 0xb3415c00n
const MULTIPLIER = 0x5deece66dn
const STATE_BITS = (1n << 48n) - 1n

export const PASSWORD_BYTES = 16

export function sessionPassword(sessionId: bigint): Uint8Array {
  const password = new Uint8Array(PASSWORD_BYTES)
  let state = (sessionId ^ SEED_MASK ^ MULTIPLIER) & STATE_BITS
  for (let at = 0; at < PASSWORD_BYTES; at += 4) {
    state = (state * MULTIPLIER + 0xbn) & STATE_BITS
    let word = Number((state >> 16n) & 0xffff_ffffn)
    for (let i = 0; i < 4; i++) {
      password[at + i] = word & 0xff
      word >>>= 8
    }
  }
  return password
}

export function isSessionPassword(sessionId: bigint, password: Uint8Array | null): boolean {
  if (sessionId === 0n || password === null || password.length !== PASSWORD_BYTES) return false
  const right = sessionPassword(sessionId)
  return right.every((byte, i) => byte === password[i])
}
