// client-protocol 2.4, 2.5 and appendix B.
import { describe, expect, it } from 'vitest'
import { isSessionPassword, sessionPassword } from '../../../src/server/session/session-password.ts'
import { firstSessionId, SessionTable } from '../../../src/server/session/session-table.ts'

describe('session passwords', () => {
  it.each([
    [0x0000000000000001n, '054cc74a37327db215e702e20c73f005'],
    [0x0100000000000000n, 'f22acd4a97e69d6d20a49bb638eadb38'],
    [0x01000016286c0005n, 'd5c8264bebc8986d0e09a167ae5bcdcd'],
    [0x7fffffffffffffffn, '20f62cb5648dc2d771471c8a2486a9ee'],
    [BigInt.asIntN(64, 0xff00000000000001n), '054cc74a37327db215e702e20c73f005'],
  ])('are those of java.util.Random for 0x%s', (id, password) => {
    expect(Buffer.from(sessionPassword(id)).toString('hex')).toBe(password)
    expect(isSessionPassword(id, Buffer.from(password, 'hex'))).toBe(true)
  })

  it('are wrong when one byte is, or some are missing, or the session is 0', () => {
    const right = sessionPassword(7n)
    for (let at = 0; at < 16; at++) {
      const wrong = right.slice()
      wrong[at] ^= 1
      expect(isSessionPassword(7n, wrong)).toBe(false)
    }
    expect(isSessionPassword(7n, right.subarray(0, 15))).toBe(false)
    expect(isSessionPassword(7n, null)).toBe(false)
    expect(isSessionPassword(0n, sessionPassword(0n))).toBe(false)
  })
})

describe('session ids', () => {
  it('hold the server in the top byte and 40 bits of the clock', () => {
    const wall = 0x18b_cfe5_6800
    expect(firstSessionId(1, wall)).toBe((0x018b_cfe5_6800_0000n & 0x00ff_ffff_ffff_0000n) | (1n << 56n))
    expect(BigInt.asUintN(64, firstSessionId(0x80, wall)) >> 56n).toBe(0x80n)
    expect(firstSessionId(0x80, wall)).toBeLessThan(0n)
  })

  it('are never 0, the mark of containers, or taken', () => {
    expect(firstSessionId(0x80, 0)).toBe(-0x7fff_ffff_ffff_ffffn)
    const table = new SessionTable(2000, 0, 0)
    expect(table.nextId()).toBe(1n)
    table.track(2n, 4000, 0)
    table.track(3n, 4000, 0)
    expect(table.nextId()).toBe(4n)
  })
})
