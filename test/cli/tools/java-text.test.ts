import { expect, test } from 'vitest'
import { hexOf, inHashOrder, longHash, paddedHex, stringHash } from '../../../src/cli/tools/java-text.ts'

test('hexadecimal numbers count their prefix when they are padded, and negative ones fill it', () => {
  expect([hexOf(-1n), hexOf(255n)]).toEqual(['ffffffffffffffff', 'ff'])
  expect([paddedHex(0n), paddedHex(-2n)]).toEqual(['0x00000000000000', '0xfffffffffffffffe'])
})

// What a Java 17 says.
test('hashes are those of Java, and so is the order of its sets and maps', () => {
  expect(['', 'zookeeper', '\u00e4\u4e2d'].map(stringHash)).toEqual([0, 1600681804, 27081])
  expect([0x100000de9a30000n, -7n].map(longHash)).toEqual([-391970803, 6])
  const names = [6, 5, 4, 3, 2, 1, 0].map((index) => `n${index * 37}`)
  expect(inHashOrder(names.slice(0, 6), stringHash, 8)).toEqual(['n111', 'n185', 'n74', 'n37', 'n148', 'n222'])
  // The seventh makes it grow.
  expect(inHashOrder(names, stringHash, 8)).toEqual(['n111', 'n185', 'n0', 'n37', 'n148', 'n222', 'n74'])
  const ids = [0n, 1n, 2n, 3n, 4n].map((index) => -(0x100000de9a30000n + index * 3n))
  expect(inHashOrder(ids, longHash, 16).map((id) => id + 0x100000de9a30000n)).toEqual([0n, -12n, -9n, -6n, -3n])
})
