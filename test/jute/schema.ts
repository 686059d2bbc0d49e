/** The record definitions as data, for tests that go through all of them: codecs, arbitrary values, and a slow encoder to compare with. */

import { Buffer } from 'node:buffer'
import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import type { Codec } from '../../src/jute/codec.ts'
import { type JuteModule, type JuteRecord, type JuteType, parseJute } from '../../src/jute/parse.ts'
import * as data from '../../src/jute/generated/data.ts'
import * as legacy from '../../src/jute/generated/legacy.ts'
import * as persistence from '../../src/jute/generated/persistence.ts'
import * as proto from '../../src/jute/generated/proto.ts'
import * as quorum from '../../src/jute/generated/quorum.ts'
import * as txn from '../../src/jute/generated/txn.ts'

export const recordsDirectory = new URL('../../src/jute/records/', import.meta.url)

export function readDefinitions(): JuteModule[] {
  const names = readdirSync(recordsDirectory).sort()
  return parseJute(names.map((name) => ({ name, text: readFileSync(new URL(name, recordsDirectory), 'utf8') })))
}

const generated: Record<string, object> = {
  'org.apache.zookeeper.data': data,
  'org.apache.zookeeper.proto': proto,
  'org.apache.zookeeper.server.persistence': persistence,
  'org.apache.zookeeper.server.quorum': quorum,
  'org.apache.zookeeper.txn': txn,
  'tskeeper.legacy': legacy,
}

export type RecordValue = Record<string, unknown>

export interface Subject {
  record: JuteRecord
  codec: Codec<RecordValue>
}

/** Every record that is defined, with its generated codec. */
export const subjects: Subject[] = readDefinitions().flatMap((module) =>
  module.records.map((record) => ({ record, codec: (generated[module.name] as Record<string, Codec<RecordValue>>)[record.name] })),
)

export function subject(name: string): Subject {
  return subjects.find(({ record }) => record.name === name)!
}

const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength })

/** Values as a reader gives them: strings have no lone surrogates. */
const primitives: Partial<Record<JuteType['kind'], fc.Arbitrary<unknown>>> = {
  byte: fc.integer({ min: -128, max: 127 }),
  boolean: fc.boolean(),
  int: fc.oneof(fc.integer(), fc.constantFrom(-1, 0, -0x80000000, 0x7fffffff)),
  long: fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.constantFrom(-1n, 0n, -(2n ** 63n), 2n ** 63n - 1n)),
  float: fc.float(),
  double: fc.double(),
  ustring: fc.option(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('', '/', '/zookeeper/config', '\ufffd', 'x'.repeat(4096)))),
  buffer: fc.option(fc.oneof(bytes(40), bytes(5000))),
}

export function valueOf(type: JuteType): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'record':
      return recordOf(type.record)
    case 'vector':
      return fc.option(fc.array(valueOf(type.element), { maxLength: 6 }))
    case 'map':
      return fc.option(fc.array(fc.tuple(valueOf(type.key), valueOf(type.value)), { maxLength: 6 }).map((entries) => new Map(entries)))
    default:
      return primitives[type.kind]!
  }
}

export function recordOf(record: JuteRecord): fc.Arbitrary<RecordValue> {
  return fc.record(Object.fromEntries(record.fields.map((field) => [field.name, valueOf(field.type)])), { noNullPrototype: true })
}

/** Where an encoding says how long something is. */
export interface LengthField {
  kind: 'ustring' | 'buffer' | 'vector' | 'map'
  at: number
}

/** Jute by the book, a Buffer per value: what the generated encoders must give. Also tells where the lengths are. */
export function encode(type: JuteType, value: unknown, lengths: LengthField[] = [], at = 0): Buffer {
  switch (type.kind) {
    case 'byte':
      return number(1, (buffer) => buffer.writeInt8(value as number))
    case 'boolean':
      return number(1, (buffer) => buffer.writeInt8(value === true ? 1 : 0))
    case 'int':
      return number(4, (buffer) => buffer.writeInt32BE(value as number))
    case 'long':
      return number(8, (buffer) => buffer.writeBigInt64BE(value as bigint))
    case 'float':
      return number(4, (buffer) => buffer.writeFloatBE(value as number))
    case 'double':
      return number(8, (buffer) => buffer.writeDoubleBE(value as number))
    case 'record':
      return inTurn(
        type.record.fields.map((field) => [field.type, (value as RecordValue)[field.name]]),
        lengths,
        at,
      )
    default:
      lengths.push({ kind: type.kind, at })
      return value === null ? length(-1) : sized(type, value, lengths, at)
  }
}

function sized(type: JuteType, value: unknown, lengths: LengthField[], at: number): Buffer {
  if (type.kind === 'vector') {
    const parts = (value as unknown[]).map((item): [JuteType, unknown] => [type.element, item])
    return Buffer.concat([length(parts.length), inTurn(parts, lengths, at + 4)])
  }
  if (type.kind === 'map') {
    const entries = [...(value as Map<unknown, unknown>)]
    const parts = entries.flatMap(([key, item]): [JuteType, unknown][] => [
      [type.key, key],
      [type.value, item],
    ])
    return Buffer.concat([length(entries.length), inTurn(parts, lengths, at + 4)])
  }
  const bytes = typeof value === 'string' ? Buffer.from(value) : (value as Uint8Array)
  return Buffer.concat([length(bytes.length), bytes])
}

function inTurn(parts: [JuteType, unknown][], lengths: LengthField[], start: number): Buffer {
  let at = start
  return Buffer.concat(
    parts.map(([type, value]) => {
      const part = encode(type, value, lengths, at)
      at += part.length
      return part
    }),
  )
}

function length(value: number): Buffer {
  return number(4, (buffer) => buffer.writeInt32BE(value))
}

function number(size: number, store: (buffer: Buffer) => void): Buffer {
  const buffer = Buffer.alloc(size)
  store(buffer)
  return buffer
}
