// The password of a session, worked out from its id the way the protocol defines it: the first 16 bytes of java.util.Random, seeded with the id
// and a constant. Written down a second time here, so that tests do not ask the server's own code whether the server is right.

const SUPER_SECRET = 0xb3415c00n
const MULTIPLIER = 0x5deece66dn
const ADDEND = 0xbn
const MASK = (1n << 48n) - 1n

/** The 16 bytes that belong to this session id. */
export function sessionPassword(sessionId: bigint): Buffer {
  const password = Buffer.alloc(16)
  let state = (sessionId ^ SUPER_SECRET ^ MULTIPLIER) & MASK
  for (let at = 0; at < password.length; at += 4) {
    state = (state * MULTIPLIER + ADDEND) & MASK
    password.writeUInt32LE(Number((state >> 16n) & 0xffffffffn), at)
  }
  return password
}
