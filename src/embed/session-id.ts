/** The forms in which programs hold a session's id: a number of 64 bits, the hexadecimal text of logs, and the client's Buffer. */
import { isUint8Array } from 'node:util/types'
import { shown } from './arguments.ts'

/** A bigint, hexadecimal text with or without `0x`, or the Buffer of eight bytes that node-zookeeper-client's `getSessionId()` gives. */
export type SessionId = bigint | string | Uint8Array

const FORMS = 'a bigint, hexadecimal text or a Buffer of eight bytes'
const LARGEST = 2n ** 64n - 1n
const SMALLEST = -(2n ** 63n)

/** The id as servers keep it, with a sign. Throws TypeError or RangeError. */
export function sessionIdFrom(value: unknown): bigint {
  if (typeof value === 'bigint') return within(value, value)
  if (isUint8Array(value)) {
    if (value.length !== 8) throw outOfRange(value)
    return within(BigInt(`0x${Buffer.from(value).toString('hex')}`), value)
  }
  if (typeof value !== 'string') throw new TypeError(`sessionId must be ${FORMS}, got ${shown(value)}`)
  const digits = /^(?:0x)?([0-9a-f]+)$/i.exec(value)?.[1]
  if (digits === undefined) throw outOfRange(value)
  return within(BigInt(`0x${digits}`), value)
}

function within(id: bigint, value: unknown): bigint {
  if (id < SMALLEST || id > LARGEST) throw outOfRange(value)
  return BigInt.asIntN(64, id)
}

function outOfRange(value: unknown): RangeError {
  return new RangeError(`sessionId must be ${FORMS}, of 64 bits, got ${shown(value)}`)
}
