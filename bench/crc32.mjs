// Where a call into zlib begins to pay for CRC-32. Run after `make build`: node bench/crc32.mjs [directory of the build]

import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { crc32 as zlibCrc32 } from 'node:zlib'

const dist = pathToFileURL(`${resolve(process.argv[2] ?? 'dist')}/`)
const { crc32 } = await import(new URL('server/tree/crc32.js', dist).href)

const ROUNDS = 1_000_000

function nanoseconds(work) {
  let sum = 0
  for (let i = 0; i < ROUNDS / 5; i++) sum ^= work()
  const before = process.cpuUsage()
  for (let i = 0; i < ROUNDS; i++) sum ^= work()
  const { user } = process.cpuUsage(before)
  // Looked at, so that the work is done.
  if (!Number.isInteger(sum)) throw new Error('a checksum is an integer')
  return `${((user * 1000) / ROUNDS).toFixed(0)} ns`
}

for (const size of [8, 20, 60, 100, 150, 190, 250, 500, 4000]) {
  const bytes = Buffer.from(Array.from({ length: size }, (_, i) => (i * 7) & 0xff))
  console.log(`${size} bytes: zlib ${nanoseconds(() => zlibCrc32(bytes, 5))}, ours ${nanoseconds(() => crc32(bytes, 0, size, 5))}`)
}
