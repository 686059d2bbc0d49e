/** Every record that is defined: encoded by the book, read back whole, and refused when it is cut or lies about a length. */

import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MalformedFrame } from '../../src/jute/malformed-frame.ts'
import { JuteReader } from '../../src/jute/reader.ts'
import { JuteWriter } from '../../src/jute/writer.ts'
import { encode, type LengthField, recordOf, type RecordValue, type Subject, subjects } from './schema.ts'

const RUNS = { numRuns: 50 }
const MAX_LENGTH = 0xfffff * 2

function read({ codec }: Subject, bytes: Uint8Array): RecordValue {
  const reader = new JuteReader()
  reader.reset(bytes)
  const value = codec.read(reader)
  expect(reader.remaining).toBe(0)
  return value
}

/** What reading `bytes` throws; undefined when nothing. */
function refusal({ codec }: Subject, bytes: Uint8Array): unknown {
  const reader = new JuteReader()
  reader.reset(bytes)
  try {
    codec.read(reader)
    return undefined
  } catch (error) {
    return error
  }
}

function patched(bytes: Buffer, { at }: LengthField, length: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeInt32BE(length, at)
  return copy
}

it('knows a codec for every definition', () => {
  expect(subjects).toHaveLength(74)
  for (const { record, codec } of subjects) expect(codec.name).toBe(record.name)
})

describe.each(subjects.map((each): [string, Subject] => [each.record.name, each]))('%s', (_name, each) => {
  const { record, codec } = each
  const type = { kind: 'record', record } as const

  it('writes its fields in order and reads them back', () => {
    const writer = new JuteWriter()
    fc.assert(
      fc.property(recordOf(record), (value) => {
        writer.reset()
        codec.write(writer, value)
        const bytes = writer.copy()
        expect(Buffer.from(bytes).toString('hex')).toBe(encode(type, value).toString('hex'))
        expect(read(each, bytes)).toEqual(value)
        expect(Object.keys(read(each, bytes))).toEqual(record.fields.map((field) => field.name))
      }),
      RUNS,
    )
  })

  it('reads from the middle of a larger chunk and leaves the rest alone', () => {
    fc.assert(
      fc.property(recordOf(record), fc.uint8Array({ maxLength: 9 }), (value, around) => {
        const bytes = encode(type, value)
        const reader = new JuteReader()
        reader.reset(Buffer.concat([around, bytes, around]), around.length)
        expect(codec.read(reader)).toEqual(value)
        expect(reader.remaining).toBe(around.length)
      }),
      RUNS,
    )
  })

  it('misses every byte that is cut off, even if the chunk goes on', () => {
    const small = recordOf(record).filter((value) => encode(type, value).length < 600)
    fc.assert(
      fc.property(small, (value) => {
        const bytes = encode(type, value)
        const reader = new JuteReader()
        for (let end = 0; end < bytes.length; end++) {
          reader.reset(bytes, 0, end)
          expect(() => codec.read(reader)).toThrow(expect.objectContaining({ name: 'MalformedFrame', kind: 'end' }))
          expect(refusal(each, bytes.subarray(0, end))).toBeInstanceOf(MalformedFrame)
        }
      }),
      { numRuns: 10 },
    )
  })

  it('refuses every wrong length', () => {
    fc.assert(
      fc.property(recordOf(record), (value) => {
        const lengths: LengthField[] = []
        const bytes = encode(type, value, lengths)
        for (const field of lengths) {
          if (field.kind === 'vector' || field.kind === 'map') {
            expect(refusal(each, patched(bytes, field, 0x7fffffff))).toBeInstanceOf(MalformedFrame)
            // Taken as empty: what follows is then read as other fields, well or not.
            for (const count of [-2, -5, -0x80000000]) {
              const thrown = refusal(each, patched(bytes, field, count))
              if (thrown !== undefined) expect(thrown).toBeInstanceOf(MalformedFrame)
            }
            continue
          }
          for (const length of [-2, -0x80000000, MAX_LENGTH + 1, 0x7fffffff]) {
            const message = `Unreasonable length = ${length}`
            expect(refusal(each, patched(bytes, field, length))).toMatchObject({ kind: 'length', message })
          }
          for (const length of [bytes.length - field.at - 3, MAX_LENGTH]) {
            expect(refusal(each, patched(bytes, field, length))).toMatchObject({ kind: 'end' })
          }
        }
      }),
      RUNS,
    )
  })

  it('takes any bytes for a record or for a malformed frame', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const thrown = refusal(each, bytes)
        if (thrown !== undefined) expect(thrown).toBeInstanceOf(MalformedFrame)
      }),
      RUNS,
    )
  })
})
