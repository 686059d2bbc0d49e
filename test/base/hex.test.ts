import { expect, it } from 'vitest'
import { hex } from '../../src/base/hex.ts'

it('writes zxids and ids as Java does: without padding, negative ones in full', () => {
  expect([0n, 0x1en, -1n, -0x8000_0000_0000_0000n].map(hex)).toEqual(['0', '1e', 'ffffffffffffffff', '8000000000000000'])
})
