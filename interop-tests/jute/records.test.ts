// Our record definitions and their generated codecs against the classes of Apache's zookeeper-jute:
// fields by name, type and order, and bytes both ways.
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { MalformedFrame } from '../../src/jute/malformed-frame.ts'
import type { JuteType } from '../../src/jute/parse.ts'
import { JuteReader } from '../../src/jute/reader.ts'
import { JuteWriter } from '../../src/jute/writer.ts'
import { encode, type LengthField, recordOf, type RecordValue, type Subject, subjects } from '../../test/jute/schema.ts'
import { compileJava, runJava } from '../peers/java.ts'

const RANDOM_PER_CLASS = 100
const SEED = 20_260_101

let classes: string

/** The lines that RecordDump answers. */
async function recordDump(args: string[], lines: string[] = []): Promise<string[]> {
  const stdin = lines.map((line) => `${line}\n`).join('')
  const { code, stdout, stderr } = await runJava('RecordDump', args, { classPath: [classes], stdin })
  expect(code, stderr).toBe(0)
  return stdout.split('\n').slice(0, -1)
}

beforeAll(async () => {
  classes = await compileJava([join(import.meta.dirname, 'RecordDump.java')])
})

/** What Apache's jar has a class for. */
const apaches = subjects.filter(({ record }) => record.module.startsWith('org.apache.'))
const fullName = ({ record }: Subject): string => `${record.module}.${record.name}`
const byName = new Map(apaches.map((each) => [fullName(each), each]))

function typeName(type: JuteType): string {
  if (type.kind === 'vector') return `vector<${typeName(type.element)}>`
  if (type.kind === 'record') return `${type.record.module}.${type.record.name}`
  return type.kind
}

function encoded({ codec }: Subject, value: RecordValue): string {
  const writer = new JuteWriter({ supplementary: 'cesu8' })
  codec.write(writer, value)
  return Buffer.from(writer.copy()).toString('hex')
}

function decoded({ codec }: Subject, bytes: Buffer): RecordValue {
  const reader = new JuteReader()
  reader.reset(bytes)
  return codec.read(reader)
}

/** A record's values as RecordDump prints them. */
function dump(type: JuteType, value: unknown, tag = ''): string[] {
  if (type.kind === 'record') return type.record.fields.flatMap((field) => dump(field.type, (value as RecordValue)[field.name], field.name))
  if (type.kind !== 'vector' || value === null) return [`${tag}=${text(value)}`]
  const items = value as unknown[]
  // Tags of elements are made up by Apache's generator: e1, e2 … by depth.
  return [`${tag}=n${items.length}`, ...items.flatMap((item) => dump(type.element, item, 'e1'))]
}

function text(value: unknown): string {
  if (typeof value === 'string') return `u${units(value)}`
  if (value instanceof Uint8Array) return `x${Buffer.from(value).toString('hex')}`
  return String(value)
}

function units(value: string): string {
  return Array.from({ length: value.length }, (_, index) => value.charCodeAt(index).toString(16).padStart(4, '0')).join('')
}

function samplesOf({ record }: Subject, numRuns: number): RecordValue[] {
  return fc.sample(recordOf(record), { numRuns, seed: SEED })
}

/** As RecordDump prints a record: hex and dump. */
function same(each: Subject, value: RecordValue): string {
  return `${encoded(each, value)} ${dump({ kind: 'record', record: each.record }, value).join(' ')}`
}

it('are the same classes with the same fields in the same order', async () => {
  const describe = ({ record }: Subject): string[] => record.fields.map((field) => `${field.name}:${typeName(field.type)}`)
  const ours = apaches.map((each) => [fullName(each), ...describe(each)].join(' '))
  expect(ours.sort()).toEqual((await recordDump(['describe'])).sort())
  const others = subjects.filter((each) => !byName.has(fullName(each)))
  expect(others.map(({ record }) => record.name)).toEqual(['ConnectRequestV33', 'ConnectResponseV33'])
})

describe('the codecs', () => {
  it('read what Java writes and write it again', async () => {
    const lines = await recordDump(['random', String(RANDOM_PER_CLASS), String(SEED)])
    expect(lines).toHaveLength(apaches.length * RANDOM_PER_CLASS)
    for (const line of lines) {
      const [name, hex] = line.split(' ')
      const each = byName.get(name)!
      expect(`${name} ${same(each, decoded(each, Buffer.from(hex, 'hex')))}`).toBe(line)
    }
  })

  it('write what Java reads', async () => {
    const samples = apaches.flatMap((each) => samplesOf(each, 50).map((value) => ({ each, value })))
    // Java does not read back what it writes for characters above U+FFFF, so it cannot echo them either.
    const speakable = samples.filter(({ each, value }) => !/ \S*=u(?:[0-9a-f]{4})*d[89a-f]/.test(` ${same(each, value)}`))
    expect(speakable.length).toBeGreaterThan(1000)
    const lines = await recordDump(
      ['echo'],
      speakable.map(({ each, value }) => `${fullName(each)} ${encoded(each, value)}`),
    )
    expect(lines).toHaveLength(speakable.length)
    for (const [index, { each, value }] of speakable.entries()) expect(lines[index]).toBe(same(each, value))
  })

  it('judge damaged records as Java does', async () => {
    const damaged = apaches.flatMap((each) => samplesOf(each, 5).flatMap((value) => damages(each, value).map((bytes) => ({ each, bytes }))))
    const lines = await recordDump(
      ['echo'],
      damaged.map(({ each, bytes }) => `${fullName(each)} ${bytes.toString('hex')}`),
    )
    expect(lines).toHaveLength(damaged.length)
    const verdicts = new Set<string>()
    for (const [index, { each, bytes }] of damaged.entries()) {
      const ours = verdict(each, bytes)
      verdicts.add(ours.startsWith('!') ? ours : 'read')
      expect(lines[index], `${fullName(each)} ${bytes.toString('hex').slice(0, 400)}`).toBe(ours)
    }
    expect([...verdicts].sort()).toEqual(['! EOFException', '! IOException', 'read'])
  })
})

/** Cut short, and with the first lengths made wrong; only the short ones, which are enough. */
function damages(each: Subject, value: RecordValue): Buffer[] {
  const lengths: LengthField[] = []
  const bytes = encode({ kind: 'record', record: each.record }, value, lengths)
  const cuts = [0, 1, 2, 3, 4].map((missing) => bytes.subarray(0, Math.max(0, bytes.length - 1 - missing * 3)))
  const lies = lengths.slice(0, 12).flatMap(({ at }) =>
    [-1, -2, -0x80000000, 0, 1, 7, 0xfffff * 2, 0xfffff * 2 + 1, 0x7fffffff].map((length) => {
      const copy = Buffer.from(bytes)
      copy.writeInt32BE(length, at)
      return copy
    }),
  )
  return [...cuts, ...lies].filter((damage) => damage.length < 2000)
}

function verdict(each: Subject, bytes: Buffer): string {
  try {
    return same(each, decoded(each, bytes))
  } catch (error) {
    if (!(error instanceof MalformedFrame)) throw error
    return error.kind === 'end' ? '! EOFException' : '! IOException'
  }
}

describe('strings', () => {
  /** A byte on each side of every limit in UTF-8. */
  const edges = [...Buffer.from('417f808f909fa0bfc0c1c2dfe0e1ecedeeeff0f1f3f4f5ff', 'hex')]

  it('are decoded as Java decodes them, however broken', async () => {
    const pairs = edges.flatMap((a) => edges.flatMap((b) => [[a], [a, b], ...edges.map((c) => [a, b, c])]))
    const some = fc.array(fc.oneof(fc.constantFrom(...edges), fc.nat(255)), { minLength: 4, maxLength: 30 })
    const arbitrary = fc.sample(some, { numRuns: 20_000, seed: SEED })
    const inputs = [...pairs, ...arbitrary].map((bytes) => Buffer.from(bytes))
    const lines = await recordDump(
      ['decode'],
      inputs.map((bytes) => bytes.toString('hex')),
    )
    const reader = new JuteReader()
    const ours = inputs.map((bytes) => {
      const writer = new JuteWriter()
      writer.buffer(bytes)
      reader.reset(writer.copy())
      return units(reader.ustring()!)
    })
    expect(ours).toEqual(lines)
  })

  it('are encoded as Java encodes them, halves of surrogate pairs included', async () => {
    const texts = fc.sample(fc.array(fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd7f0, max: 0xe010 }), fc.nat(0x90)), { maxLength: 40 }), {
      numRuns: 10_000,
      seed: SEED,
    })
    const inputs = texts.map((codes) => String.fromCharCode(...codes)).filter((input) => input !== '')
    const lines = await recordDump(['encode'], inputs.map(units))
    const writer = new JuteWriter({ supplementary: 'cesu8' })
    const ours = inputs.map((input) => {
      writer.reset()
      writer.ustring(input)
      return Buffer.from(writer.copy()).toString('hex')
    })
    expect(ours).toEqual(lines)
  })
})
