// Whatever bytes a client sends, the server goes on: others are served, nothing is thrown, nothing stays behind.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OpCode } from '../../../src/protocol/codes.ts'
import { FakeServer } from '../../support/fake-server.ts'
import { multi } from '../../support/multi.ts'
import { connectRequest, frame, requestFrame } from '../../support/raw-session.ts'
import * as ask from '../../support/requests.ts'

const TYPES = [...Object.values(OpCode), 10, 13, 23, 99, 108, 0x7fff_ffff]
const INTS = [0, 1, -1, -2, 0x7fff_ffff, -0x8000_0000, 2, 5, 0xfffff, 0x100000]

const int = fc.oneof(fc.constantFrom(...INTS), fc.integer())
const path = fc.oneof(
  fc.constantFrom(
    '/',
    '',
    '/a',
    '/a/b',
    '/zookeeper/quota/zookeeper_limits',
    '/zookeeper/quota/a/zookeeper_stats',
    '/zookeeper/config',
    '//',
    '/a/',
    '.',
    null,
  ),
  fc.string({ unit: 'binary', maxLength: 30 }).map((name) => `/${name}`),
)
const data = fc.option(fc.uint8Array({ maxLength: 60 }))
const acl = fc.option(
  fc.array(
    fc.record({
      perms: int,
      id: fc.record({ scheme: fc.constantFrom('world', 'auth', 'ip', 'digest', 'sasl', 'super', 'x', null), id: fc.option(fc.string({ maxLength: 12 })) }),
    }),
    { maxLength: 4 },
  ),
)
const paths = fc.option(fc.array(path, { maxLength: 3 }))
const long = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n })

/** Requests that can be decoded, with contents that make no sense. */
const single = fc.oneof(
  fc.tuple(path, data, acl, int).map(([p, d, list, flags]) => ask.create(p, { data: d, acl: list, flags })),
  fc.tuple(path, data, acl, int).map(([p, d, list, flags]) => ask.create2(p, { data: d, acl: list, flags })),
  fc.tuple(path, data, acl, int).map(([p, d, list, flags]) => ask.createContainer(p, { data: d, acl: list, flags })),
  fc.tuple(path, long, acl, int).map(([p, ttl, list, flags]) => ask.createTtl(p, ttl, { acl: list, flags })),
  fc.tuple(path, int).map(([p, version]) => ask.remove(p, version)),
  fc.tuple(path, data, int).map(([p, d, version]) => ask.setData(p, d, version)),
  fc.tuple(path, acl, int).map(([p, list, version]) => ask.setAcl(p, list, version)),
  fc.tuple(path, int).map(([p, version]) => ask.check(p, version)),
  fc.tuple(path, fc.boolean()).map(([p, watch]) => ask.getData(p, watch)),
  fc.tuple(path, fc.boolean()).map(([p, watch]) => ask.exists(p, watch)),
  fc.tuple(path, fc.boolean()).map(([p, watch]) => ask.getChildren2(p, watch)),
  path.map(ask.getAcl),
  path.map(ask.getEphemerals),
  path.map(ask.getAllChildrenNumber),
  path.map(ask.sync),
  fc.tuple(path, int).map(([p, mode]) => ask.addWatch(p, mode)),
  fc.tuple(path, int).map(([p, type]) => ask.removeWatches(p, type)),
  fc
    .tuple(long, paths, paths, paths, paths, paths)
    .map(([since, a, b, c, d, e]) => ask.setWatches2(since, { data: a, exist: b, child: c, persistent: d, recursive: e })),
  fc.tuple(fc.constantFrom('digest', 'ip', 'super', null), data).map(([scheme, d]) => ask.auth(scheme, d)),
  fc.constant(ask.whoAmI()),
  fc.constant(ask.closeSession()),
)
const sensible = fc.oneof({ weight: 4, arbitrary: single }, { weight: 1, arbitrary: fc.array(single, { maxLength: 4 }).map((ops) => multi(ops)) })

/** Frames of every kind: good ones, good ones with bytes changed, noise in a frame, and noise. */
const spoiled = fc
  .tuple(int, sensible, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }), fc.nat())
  .map(([xid, asked, changes, cut]) => {
    const payload = Buffer.from(requestFrame(xid, asked.type, asked.body).subarray(4))
    for (const [at, byte] of changes) payload[at % payload.length] = byte
    return frame(cut % 4 === 0 ? payload.subarray(0, cut % (payload.length + 1)) : payload)
  })
const anyFrame = fc.oneof(
  fc.tuple(int, sensible).map(([xid, { type, body }]) => requestFrame(xid, type, body)),
  spoiled,
  fc.tuple(int, fc.constantFrom(...TYPES), fc.uint8Array({ maxLength: 80 })).map(([xid, type, body]) => requestFrame(xid, type, body)),
  fc.tuple(fc.constantFrom(...TYPES), fc.array(int, { maxLength: 12 })).map(([type, ints]) => requestFrame(1, type, Buffer.concat(ints.map(intBytes)))),
  fc.uint8Array({ maxLength: 40 }),
)

function intBytes(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value | 0)
  return bytes
}

const SETTINGS = { extendedTypesEnabled: true, enforceQuota: true, fourLetterWords: 'all' as const, turnMaxRequests: 5, snapCount: 5 }

/** The server is as well as before: others are served, the digest is right, a restart finds the same tree. */
function expectHealth(fake: FakeServer): void {
  const well = fake.session()
  expect(well.err(ask.getChildren('/'))).toBe(0)
  expect(well.err(ask.setData('/', 'well'))).toBe(0)
  expect(fake.fatal).toEqual([])
  const { digest } = fake.server.replica.tree
  expect(fake.server.metrics.digestMismatchesCount.value).toBe(0)
  fake.restart()
  expect(BigInt.asUintN(64, fake.server.replica.tree.digest)).toBe(BigInt.asUintN(64, digest))
}

describe('any bytes', () => {
  it('in a session', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { minLength: 1, maxLength: 25 }), fc.integer({ min: 1, max: 5000 }), (frames, cut) => {
        const fake = new FakeServer(SETTINGS)
        let session = fake.session()
        session.ok(ask.create('/a'))
        session.ok(ask.create('/zookeeper/quota/a'))
        for (const bytes of frames) {
          if (session.isEnded) session = fake.session()
          session.connection.send(bytes.subarray(0, cut), bytes.subarray(cut))
          fake.host.settle()
        }
        session.connection.socket.destroy()
        expectHealth(fake)
      }),
      { numRuns: 150 },
    )
  })

  it('all at once', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { minLength: 1, maxLength: 60 }), (frames) => {
        const fake = new FakeServer(SETTINGS)
        const session = fake.session()
        session.connection.send(Buffer.concat(frames))
        fake.host.settle()
        fake.host.advance(100_000)
        expect(fake.server.processor.inFlight).toBe(0)
        expectHealth(fake)
      }),
      { numRuns: 80 },
    )
  })

  it('before and instead of a handshake', () => {
    const mangled = fc.tuple(fc.nat(51), fc.nat(255)).map(([at, byte]) => {
      const bytes = Buffer.from(connectRequest())
      bytes[at % bytes.length] = byte
      return bytes
    })
    const first = fc.oneof(
      mangled,
      anyFrame,
      fc.constantFrom('stmk', 'srvr', 'dump', 'wchp', 'zzzz').map((word) => Buffer.from(word)),
    )
    fc.assert(
      fc.property(fc.array(first, { minLength: 1, maxLength: 5 }), (chunks) => {
        const fake = new FakeServer(SETTINGS)
        const connection = fake.dial()
        connection.send(...chunks)
        fake.host.settle()
        connection.socket.destroy()
        expectHealth(fake)
      }),
      { numRuns: 80 },
    )
  })
})

describe('the largest frames', () => {
  const limit = 0xfffff

  it('of names, data, lists and prefixes', () => {
    const fake = new FakeServer(SETTINGS)
    const session = fake.session()
    const room = limit - 200
    expect(session.err(ask.create(`/${'x'.repeat(room)}`))).toBe(0)
    expect(session.err(ask.create(`/${'/'.repeat(room)}`))).toBe(-101)
    expect(session.err(ask.create('/data', { data: new Uint8Array(room) }))).toBe(0)
    expect(session.err(ask.create('/seq-', { data: new Uint8Array(room), flags: 2 }))).toBe(0)
    expect(session.err(ask.exists(`/${'a/'.repeat(room / 2)}`, true))).toBe(-101)
    expect(session.err(ask.setWatches(0n, { exist: new Array(80_000).fill('/n') }))).toBe(0)
    expect(session.err(multi(new Array(50_000).fill(ask.sync('/'))))).toBe(-5)
    expect(session.err(multi(new Array(30_000).fill(ask.check('/'))))).toBe(0)
    expect(session.err(ask.remove(`/${'x'.repeat(room)}`))).toBe(0)
    expectHealth(fake)
  })
})
