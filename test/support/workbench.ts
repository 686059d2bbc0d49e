// The write path without a server around it: requests become txns, txns are applied when the test says so.
import fc from 'fast-check'
import { JuteReader } from '../../src/jute/reader.ts'
import { Code } from '../../src/protocol/codes.ts'
import { AccessControl } from '../../src/server/auth/check-acl.ts'
import { createAuthSchemes } from '../../src/server/auth/schemes.ts'
import { defaultSettings } from '../../src/server/config/settings.ts'
import type { Settings } from '../../src/server/config/settings.ts'
import { deleteContainerOp } from '../../src/server/ops/delete.ts'
import { OPS } from '../../src/server/ops/index.ts'
import { decodeBody } from '../../src/server/ops/op.ts'
import type { AnyOp } from '../../src/server/ops/op.ts'
import { createSessionOp } from '../../src/server/ops/session.ts'
import { Replica } from '../../src/server/replica/replica.ts'
import { Preparer } from '../../src/server/request/preparer.ts'
import { SessionTable } from '../../src/server/session/session-table.ts'
import type { LoggedTxn } from '../../src/server/txn/logged-txn.ts'
import { FakeClock } from './fake-clock.ts'
import { seededRandom } from './fake-host.ts'
import { multi } from './multi.ts'
import * as ask from './requests.ts'
import type { Asked } from './requests.ts'

/** What a session, or the server itself, wants written. */
export type Wish =
  | { readonly kind: 'ask'; readonly session: bigint; readonly asked: Asked }
  | { readonly kind: 'createSession'; readonly session: bigint }
  | { readonly kind: 'reap'; readonly path: string }

export class Workbench {
  readonly clock = new FakeClock()
  readonly host = { clock: this.clock, random: seededRandom(1) }
  readonly settings: Settings
  readonly replica: Replica
  readonly mismatches: bigint[] = []
  /** Everything prepared, in order; those before `applied` are in the tree. */
  readonly txns: LoggedTxn[] = []
  applied = 0
  readonly #preparer: Preparer
  readonly #reader = new JuteReader()

  /** All sessions that wishes name are there to begin with. */
  constructor(settings: Partial<Settings> = {}) {
    this.settings = defaultSettings({ extendedTypesEnabled: true, ...settings })
    const sessions = new SessionTable(this.settings.tickTime, 1, this.clock.wallTime())
    this.replica = new Replica(this.host, this.settings, sessions, { onDigestMismatch: (zxid) => this.mismatches.push(zxid) })
    const access = new AccessControl(
      createAuthSchemes(this.settings, () => {}),
      false,
    )
    const { clock, settings: all, replica } = this
    this.#preparer = new Preparer({ clock, settings: all, tree: replica.tree, sessions, access, onQuotaExceeded: () => {} })
    for (const session of SESSIONS) this.prepare({ kind: 'createSession', session })
    this.applyAll()
  }

  prepare(wish: Wish): LoggedTxn {
    this.clock.nowMs += 7
    const txn = this.#preparer.prepare(this.#request(wish))
    this.txns.push(txn)
    return txn
  }

  /** Applies the oldest txn that is not applied; false when there is none. */
  applyNext(): boolean {
    const txn = this.txns[this.applied]
    if (txn === undefined) return false
    this.applied++
    this.replica.apply(txn)
    this.#preparer.onApplied(txn.header.zxid)
    return true
  }

  applyAll(): void {
    while (this.applyNext()) {
      // Applying is the work.
    }
  }

  #request(wish: Wish) {
    const base = { client: undefined, xid: 0, fault: Code.OK, takesZxid: false, bytes: 0, receivedAt: 0 }
    const ids = [{ scheme: 'ip', id: '127.0.0.1' }]
    const made = (op: AnyOp, session: bigint, record: unknown) => ({ ...base, op, session, record, ids })
    switch (wish.kind) {
      case 'createSession':
        return made(createSessionOp, wish.session, { timeOut: 30_000 })
      case 'reap':
        return made(deleteContainerOp, 0n, { path: wish.path })
      case 'ask': {
        const op = OPS.get(wish.asked.type)!
        this.#reader.reset(wish.asked.body)
        return made(op, wish.session, decodeBody(op.request, this.#reader))
      }
    }
  }
}

// Random wishes ----------------------------------------------------------------------------------------------

const SESSIONS = [0x100n, 0x101n, -0x7000_0000_0000_0000n]
const LISTS = [ask.OPEN, [ask.acl(31), ask.acl(1, 'ip', '10.0.0.1')], [ask.acl(30)]]

const name = fc.constantFrom('a', 'b', '\u00e4')
const path = fc
  .oneof({ weight: 3, arbitrary: fc.tuple(name) }, { weight: 4, arbitrary: fc.tuple(name, name) }, { weight: 1, arbitrary: fc.tuple(name, name, name) })
  .map((names) => `/${names.join('/')}`)
const anyPath = fc.oneof({ weight: 20, arbitrary: path }, { weight: 1, arbitrary: fc.constantFrom('/', '/zookeeper', '/zookeeper/x') })
const data = fc.option(fc.uint8Array({ maxLength: 20 }))
const acl = fc.constantFrom(...LISTS)
const version = fc.constantFrom(-1, -1, -1, -1, 0, 1)
const flags = fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 4)

const write: fc.Arbitrary<Asked> = fc.oneof(
  { weight: 10, arbitrary: fc.tuple(anyPath, data, acl, flags).map(([p, d, a, f]) => ask.create(p, { data: d, acl: a, flags: f })) },
  { weight: 2, arbitrary: fc.tuple(anyPath, data, flags).map(([p, d, f]) => ask.create2(p, { data: d, flags: f })) },
  { weight: 2, arbitrary: fc.tuple(anyPath, data).map(([p, d]) => ask.createContainer(p, { data: d })) },
  { weight: 2, arbitrary: fc.tuple(anyPath, fc.bigInt({ min: 1n, max: 10_000n })).map(([p, ttl]) => ask.createTtl(p, ttl)) },
  { weight: 10, arbitrary: fc.tuple(anyPath, version).map(([p, v]) => ask.remove(p, v)) },
  { weight: 4, arbitrary: fc.tuple(anyPath, data, version).map(([p, d, v]) => ask.setData(p, d, v)) },
)
const inMulti = fc.oneof({ weight: 10, arbitrary: write }, { weight: 1, arbitrary: path.map((p) => ask.check(p)) })
const request: fc.Arbitrary<Asked> = fc.oneof(
  { weight: 30, arbitrary: write },
  { weight: 2, arbitrary: fc.tuple(anyPath, acl, version).map(([p, a, v]) => ask.setAcl(p, a, v)) },
  { weight: 8, arbitrary: fc.array(inMulti, { maxLength: 4 }).map((ops) => multi(ops)) },
  { weight: 2, arbitrary: fc.constant(ask.closeSession()) },
)
const session = fc.constantFrom(...SESSIONS)

/** Writes that meet each other on few paths, by few sessions that come and go. */
export const wishes: fc.Arbitrary<Wish> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ kind: fc.constant('ask' as const), session, asked: request }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('createSession' as const), session }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reap' as const), path }) },
)
