// What happens on a data directory while one server has it: every kind of txn there is, on nodes of its own and on those that the server before
// it left behind.
import type { ACL } from '../../src/jute/generated/data.ts'
import { Code } from '../../src/protocol/codes.ts'
import type { MultiOperation } from '../wire/messages.ts'
import { askedMulti, RawSession } from '../wire/raw-session.ts'
import type { Asked } from '../wire/raw-session.ts'
import { all, check, create, create2, createContainer, createTtl, Flags, gone, openAcl, play, remove, setAcl, setData } from './requests.ts'
import type { Step } from './requests.ts'

const HOUR_MS = 3_600_000
/** Gone as soon as somebody looks, unless it has children. */
const NO_TIME_MS = 1
const DISTINCT_ACLS = 60
const SHORTEST_TIMEOUT_MS = 1000
export const LONG_TIMEOUT_MS = 60_000

/** The identity that the keeping session has on each of its connections. */
export const keeperDigest = 'user:secret'

const CONTAINER_OWNER = 1n << 63n
const TTL_OWNER = 0xffn << 56n

/** The ephemeralOwner, not shown to clients, of those nodes of a leg that are there when it is over. */
export function hiddenOwnerOf(path: string): bigint {
  if (/\/(container|unused|c)$/.test(path)) return CONTAINER_OWNER
  if (path.endsWith('/ttl-parent')) return TTL_OWNER | BigInt(NO_TIME_MS)
  return /\/(ttl|ttl-\d+|t)$/.test(path) ? TTL_OWNER | BigInt(HOUR_MS) : 0n
}

/** The types of txn that a leg leaves in the log. */
export const legTypes = [-11, -10, -1, 1, 2, 5, 7, 14, 15, 19, 20, 21]

/** Where a leg has its nodes. */
export function baseOf(leg: number): string {
  return `/leg-${leg}`
}

/** Does everything. The keeper has the long-lived ephemerals; it is the same session in all legs. */
export async function playLeg(port: number, leg: number, keeper: RawSession): Promise<void> {
  const base = baseOf(leg)
  await play(keeper, [...creations(base), ...changes(base), ...refusals(base), ...transactions(base), ...accessLists(base)])
  await playQuota(leg, keeper)
  if (leg > 0) await play(keeper, onInherited(baseOf(leg - 1)))
  await otherSessions(port, base, keeper)
  await removals(leg, keeper)
}

/** A leg without waiting: enough for a tree that differs from the one before. */
export async function playShortLeg(leg: number, keeper: RawSession): Promise<void> {
  const base = baseOf(leg)
  await play(keeper, [...creations(base), ...changes(base), ...transactions(base), ...accessLists(base)])
  if (leg > 0) await play(keeper, onInherited(baseOf(leg - 1)))
}

function creations(base: string): Step[] {
  return all(
    create(base, 'base'),
    create(`${base}/null`, null),
    create(`${base}/empty`, ''),
    create2(`${base}/create2`, 'with a stat'),
    create(`${base}/\u00fcn\u00ef-\u4e2d`, Buffer.from([0, 128, 255])),
    create(`${base}/big`, Buffer.alloc(3000, 7)),
    create(`${base}/s-`, '', Flags.sequential),
    create2(`${base}/s-`, null, Flags.sequential),
    create(`${base}/e`, 'mine', Flags.ephemeral),
    create2(`${base}/e-`, null, Flags.ephemeralSequential),
    createContainer(`${base}/unused`),
    createContainer(`${base}/container`, null),
    create(`${base}/container/child`),
    createTtl(`${base}/ttl`, HOUR_MS),
    createTtl(`${base}/ttl-`, HOUR_MS, Flags.ttlSequential),
    multi(createTtl(`${base}/ttl-parent`, NO_TIME_MS), create(`${base}/ttl-parent/child`)),
  )
}

function changes(base: string): Step[] {
  return all(
    setData(base, 'more', 0),
    setData(`${base}/empty`, null),
    setData(`${base}/null`, ''),
    setData(`${base}/e`, 'still mine'),
    setData(`${base}/ttl`, 'longer'),
    setAcl(`${base}/create2`, [{ perms: 31, id: { scheme: 'auth', id: '' } }], 0),
    setAcl(base, openAcl),
    remove(`${base}/big`, 0),
  )
}

/** Each of these is logged with a zxid of its own. */
function refusals(base: string): Step[] {
  return [
    [create(base), Code.NODEEXISTS],
    [create(`${base}/none/child`), Code.NONODE],
    [create2(`${base}/e/child`), Code.NOCHILDRENFOREPHEMERALS],
    [create(`${base}/bad-acl`, '', Flags.persistent, []), Code.INVALIDACL],
    [remove(`${base}/none`), Code.NONODE],
    [remove(base), Code.NOTEMPTY],
    [remove(`${base}/null`, 7), Code.BADVERSION],
    [setData(`${base}/none`, ''), Code.NONODE],
    [setData(base, '', 7), Code.BADVERSION],
    [setAcl(`${base}/none`, openAcl), Code.NONODE],
    [setAcl(base, openAcl, 7), Code.BADVERSION],
  ]
}

function transactions(base: string): Step[] {
  return [
    [
      multi(
        create(`${base}/m`, 'multi'),
        create2(`${base}/m/n`, null),
        createContainer(`${base}/m/c`, null),
        createTtl(`${base}/m/t`, HOUR_MS),
        create(`${base}/m/e`, '', Flags.ephemeral),
        create(`${base}/m/s-`, '', Flags.sequential),
        check(base, 1),
        setData(`${base}/m`, '2', 0),
        setData(`${base}/m/n`, ''),
        remove(`${base}/m/n`),
      ),
      Code.OK,
    ],
    [multi(check(base, 1)), Code.OK],
    [multi(), Code.OK],
    // Those that fail in their first, in a middle and in their last operation.
    [multi(remove(`${base}/none`), create(`${base}/m2`)), Code.NONODE],
    [multi(create(`${base}/m2`), setData(base, 'lost'), check(base, 99), create(`${base}/m3`)), Code.BADVERSION],
    [multi(create(`${base}/m2`), create(`${base}/m2`)), Code.NODEEXISTS],
  ]
}

/** Many different lists, one that many nodes share, lists in another order, and lists that nobody uses any more. */
function accessLists(base: string): Step[] {
  const node = (index: number): string => `${base}/acl/${index}`
  const list = (index: number): ACL[] => [
    { perms: 31, id: { scheme: 'auth', id: '' } },
    { perms: 1 + (index % 31), id: { scheme: 'ip', id: `10.1.${base.length}.${index}` } },
    { perms: 1, id: { scheme: 'digest', id: `us\u00e9r-${base}:x` } },
  ]
  const range = Array.from({ length: DISTINCT_ACLS }, (_, index) => index)
  return all(
    create(`${base}/acl`),
    ...range.map((index) => create(node(index), null, Flags.persistent, list(index))),
    ...range.slice(0, 20).map((index) => create(`${base}/acl/shared-${index}`, '', Flags.persistent, list(0))),
    create(`${base}/acl/turned`, '', Flags.persistent, list(3).reverse()),
    ...range.slice(10, 20).map((index) => remove(node(index))),
    ...range.slice(20, 30).map((index) => setAcl(node(index), openAcl)),
    ...range.slice(30, 35).map((index) => setAcl(node(index), list(0))),
  )
}

/**
 * One quota for all legs; its usage goes on to be counted by whoever has the directory. A request is judged by the usage that has been applied
 * when it comes, so what a judgement depends on is answered before.
 */
async function playQuota(leg: number, keeper: RawSession): Promise<void> {
  const limits = 'count=2,bytes=-1=;byteHardLimit=200;countHardLimit=100'
  const begin = all(
    create('/limited'),
    create('/zookeeper/quota/limited'),
    create('/zookeeper/quota/limited/zookeeper_limits', limits),
    create('/zookeeper/quota/limited/zookeeper_stats', 'count=0,bytes=0'),
  )
  if (leg === 0) await play(keeper, begin)
  const node = `/limited/${leg}`
  await play(keeper, all(create(node, 'abcd'), create(`${node}-gone`, 'abc'), setData(node, 'abcdefgh'), remove(`${node}-gone`)))
  await play(keeper, [
    [create(`${node}-big`, Buffer.alloc(300)), Code.QUOTAEXCEEDED],
    [setData(node, Buffer.alloc(300)), Code.QUOTAEXCEEDED],
  ])
}

/** What the server before made, changed by the one that has it now. */
function onInherited(base: string): Step[] {
  return [
    ...all(
      setData(base, 'inherited'),
      create(`${base}/later`, null),
      create(`${base}/s-`, '', Flags.sequential),
      create(`${base}/e-`, '', Flags.ephemeralSequential),
      create(`${base}/container/another`),
      remove(`${base}/container/another`),
      remove(`${base}/null`),
      setData(`${base}/ttl`, null),
      setAcl(`${base}/create2`, openAcl, 1),
      setAcl(`${base}/acl/5`, openAcl),
      create(`${base}/acl/again`, '', Flags.persistent, [{ perms: 31, id: { scheme: 'auth', id: '' } }]),
      remove(`${base}/acl/shared-3`),
      remove(`${base}/e`),
      multi(setData(`${base}/m`, '3', 1), check(`${base}/m/c`, 0), remove(`${base}/m/e`)),
    ),
    [create(`${base}/empty`), Code.NODEEXISTS],
    [setData(`${base}/m`, '', 1), Code.BADVERSION],
  ]
}

/** One session that is closed and one that expires, each with ephemerals. */
async function otherSessions(port: number, base: string, keeper: RawSession): Promise<void> {
  const closing = await RawSession.open(port, { timeoutMs: LONG_TIMEOUT_MS })
  await play(closing, ownEphemerals(base, 'closed'))
  await closing.close()
  const expiring = await RawSession.open(port, { timeoutMs: SHORTEST_TIMEOUT_MS })
  await play(expiring, ownEphemerals(base, 'expired'))
  expiring.drop()
  await gone(keeper, `${base}/expired`)
}

export function ownEphemerals(base: string, name: string): Step[] {
  return all(create(`${base}/${name}`, name, Flags.ephemeral), create2(`${base}/${name}-`, null, Flags.ephemeralSequential))
}

/** Nodes that the server removes by itself: of this leg, and those whose last child of the leg before goes now. */
async function removals(leg: number, keeper: RawSession): Promise<void> {
  const base = baseOf(leg)
  await play(
    keeper,
    all(createContainer(`${base}/used`), create(`${base}/used/child`), remove(`${base}/used/child`), createTtl(`${base}/ttl-short`, NO_TIME_MS)),
  )
  await gone(keeper, `${base}/used`)
  await gone(keeper, `${base}/ttl-short`)
  if (leg === 0) return
  const before = baseOf(leg - 1)
  await play(keeper, all(remove(`${before}/container/child`), remove(`${before}/ttl-parent/child`)))
  await gone(keeper, `${before}/container`)
  await gone(keeper, `${before}/ttl-parent`)
}

function multi(...operations: Asked[]): Asked {
  return askedMulti(operations satisfies MultiOperation[])
}
