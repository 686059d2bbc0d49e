// Arguments as a careless, a careful and a hostile client would choose them: paths, versions, data, ACL lists, session timeouts. Every choice is
// the seed's; the world only says what exists.
import type { ACL } from '../../src/jute/generated/data.ts'
import { Perms } from '../../src/protocol/codes.ts'
import { digestId } from './configurations.ts'
import type { Configuration } from './configurations.ts'
import type { Random } from './random.ts'
import { parentOf } from './world.ts'
import type { KnownConnection, World } from './world.ts'

/** What every choice is made from. */
export interface Context {
  readonly random: Random
  readonly world: World
  readonly configuration: Configuration
  readonly connection: KnownConnection
}

/** Credentials for the digest scheme; their ids stand in ACLs too. */
export const CREDENTIALS = ['amy:one', 'bob:two', ':three']

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'n-', 'lock-', 'x y', 'é', '日本', '...', '.h', 'h.', '\u00a0', '\ud7ff', '\uf900', '\uffef', '0000000001']
const MAX_DEPTH = 5

/** Paths that are wrong somewhere, or look it. */
const ODD_PATHS = [
  '', ' ', 'a', 'a/b', '//', '/a//b', '/a/', '/.', '/..', '/a/.', '/a/..', '/a/./b', '/a/../b', '/./a', '/a/...', '/\u0000', '/a\u0000', '/a\u0000/b', '/\u0001',
  '/a\u001f', '/\u007f', '/\u009f', '/\ue000', '/\uf8ff', '/\ufff0', '/\uffff', '/\ud800', '/😀', '/a/😀/b', '/zookeeper/', '/zookeeper/config/', '/zookeeper/..',
] // prettier-ignore

export const SPECIAL_PATHS = ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config']

/** Nodes that the run stands on: their ACLs stay open. */
const PILLARS = new Set(['/', '/zookeeper', '/zookeeper/quota'])

function depthOf(path: string): number {
  return path === '/' ? 0 : path.split('/').length - 1
}

function childOf(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`
}

/** A path that exists as far as is known, not one of the four special ones if there are others. */
export function existingPath({ random, world }: Context): string {
  for (let attempt = 0; attempt < 6; attempt++) {
    const path = random.pick(world.paths)
    if (!path.startsWith('/zookeeper') && path !== '/') return path
  }
  return random.pick(world.paths)
}

/** A path whose parent exists. */
export function childPath(context: Context): string {
  const { random, world } = context
  const parent = random.chance(25) ? '/' : existingPath(context)
  const safe = depthOf(parent) < MAX_DEPTH ? parent : '/'
  const path = childOf(safe, random.pick(NAMES))
  return world.nodes.has(path) && random.chance(70) ? childOf(safe, random.pick(NAMES)) : path
}

function missingPath(context: Context): string {
  const { random, world } = context
  if (world.gone.length > 0 && random.chance(60)) return random.pick(world.gone)
  return `/missing/${random.pick(NAMES)}`
}

/** A path to ask for: mostly one that exists. */
export function somePath(context: Context): string | null {
  const { random } = context
  return random.weighted<() => string | null>([
    [62, () => existingPath(context)],
    [14, () => childPath(context)],
    [8, () => missingPath(context)],
    [7, () => random.pick(SPECIAL_PATHS)],
    [6, () => random.pick(ODD_PATHS)],
    [0.7, () => null],
    [0.3, () => `/${'long'.repeat(random.between(200, 2000))}`],
  ])()
}

/** A path to create: mostly a new one. */
export function pathToCreate(context: Context): string | null {
  const { random, world } = context
  return random.weighted<() => string | null>([
    [60, () => childPath(context)],
    [8, () => existingPath(context)],
    [7, () => missingPath(context)],
    [6, () => childOf(ephemeralPath(context) ?? '/', random.pick(NAMES))],
    [4, () => (world.gone.length > 0 ? random.pick(world.gone) : '/a')],
    [4, () => `${existingPath(context)}/`],
    [4, () => random.pick(ODD_PATHS)],
    [2, () => random.pick(SPECIAL_PATHS)],
    [1, () => `/zookeeper/${random.pick(['a', 'b'])}`],
    [1, () => `/zookeeper/config/${random.pick(NAMES)}`],
    [0.7, () => null],
  ])()
}

/** A path to delete: mostly one without children. */
export function pathToDelete(context: Context): string | null {
  const { random, world } = context
  if (random.chance(70)) {
    for (let attempt = 0; attempt < 4; attempt++) {
      const path = existingPath(context)
      if (world.nodes.get(path)!.children.size === 0) return path
    }
  }
  return somePath(context)
}

function ephemeralPath({ random, world }: Context): string | undefined {
  const owned = world.paths.filter((path) => world.nodes.get(path)!.owner !== undefined)
  return owned.length === 0 ? undefined : random.pick(owned)
}

/** A version to expect, when the node has that one. */
export function expectedVersion({ random }: Context, current: number | undefined): number {
  return random.weighted<() => number>([
    [55, () => current ?? 0],
    [25, () => -1],
    [12, () => (current ?? 0) + random.pick([-1, 1])],
    [8, () => random.pick([-2, 0, 1, 7, 0x7fffffff, -0x80000000])],
  ])()
}

export function someData({ random }: Context): Uint8Array | null {
  return random.weighted<() => Uint8Array | null>([
    [10, () => null],
    [10, () => new Uint8Array(0)],
    [70, () => random.bytes(random.between(1, 40))],
    [9, () => random.bytes(random.between(41, 3000))],
    [0.3, () => Buffer.alloc(random.between(60_000, 200_000), random.uint32() & 0xff)],
  ])()
}

const ALL_PERMS: number = Perms.ALL

function entry(perms: number, scheme: string | null, id: string | null): ACL {
  return { perms, id: { scheme, id } }
}

const open = entry(ALL_PERMS, 'world', 'anyone')

/** An ACL list for that path: mostly open to all, else one of every kind there is. */
export function someAcl(context: Context, path: string | null, openPercent: number): ACL[] | null {
  const { random } = context
  if (random.chance(openPercent)) return [open]
  if (path !== null && PILLARS.has(path)) return [open, ...(random.chance(50) ? [anyEntry(context)] : [])]
  // What administrators do: everybody may read, one may do everything.
  if (random.chance(15)) return [entry(Perms.READ, 'world', 'anyone'), entry(ALL_PERMS, 'digest', digestId(random.pick(CREDENTIALS)))]
  const length = random.weighted([
    [60, 1],
    [25, 2],
    [10, 3],
    [2, 0],
    [1, 6],
  ] as const)
  if (length === 0 && random.chance(50)) return null
  const list = Array.from({ length }, () => anyEntry(context))
  if (list.length > 0 && random.chance(8)) list.push(random.pick(list))
  return list
}

function anyEntry(context: Context): ACL {
  const { random } = context
  const perms = random.weighted<() => number>([
    [45, () => ALL_PERMS],
    [10, () => Perms.READ],
    [8, () => ALL_PERMS & ~Perms.READ],
    [25, () => random.below(32)],
    [12, () => random.pick([0, -1, 64, 31 + 64, Perms.ADMIN, 0x7fffffff])],
  ])()
  const [scheme, id] = random.weighted<() => readonly [string | null, string | null]>([
    [26, () => ['world', 'anyone']],
    [16, () => ['auth', random.pick(['', 'x', 'amy:x'])]],
    [3, () => ['auth', null]],
    [24, () => ['digest', digestId(random.pick(CREDENTIALS))]],
    [4, () => ['digest', random.pick(['a:b', ':b', 'a:b:', 'a', 'a:', ':', 'a:b:c', '', 'é:x'])]],
    [9, () => ['ip', random.pick(['127.0.0.1', '127.0.0.0/8', '127.0.0.1/32', '0.0.0.0/0', '10.0.0.1', '127.0.0.2/31', '0127.0.0.1', '127.0.0.1/+8'])]],
    [6, () => ['ip', random.pick(['::1', '::1/64', '::', '0:0:0:0:0:0:0:1', 'fe80::1/128', '127.1', '256.0.0.1', '127.0.0.1/', '127.0.0.1/33', 'x', '', '::1/129', ':::', '1::2::3'])]],
    [3, () => ['world', random.pick(['', 'Anyone', 'x'])]],
    [2, () => ['sasl', random.pick(['bob', 'bob/h@R', 'a@b@c', ''])]],
    [2, () => ['super', random.pick(['', 'super'])]],
    [2, () => [random.pick(['x509', 'host', 'ensemble', '', 'Digest', 'nobody']), random.pick(['CN=a', 'a:b', ''])]],
    [1, () => [random.pick(['world', 'digest', 'ip']), null]],
    [1, () => [null, random.pick(['anyone', null])]],
  ])() // prettier-ignore
  return entry(perms, scheme, id)
}

/** A list of paths for setWatches. */
export function watchList(context: Context): (string | null)[] | null {
  const { random } = context
  if (random.chance(2)) return null
  return Array.from({ length: random.below(5) }, () => pathToWatch(context))
}

/** A path to watch or to take a watch from. */
export function pathToWatch(context: Context): string | null {
  const { random, connection } = context
  if (connection.watched.length > 0 && random.chance(30)) return random.pick(connection.watched)
  if (random.chance(20)) return parentOf(existingPath(context))
  return somePath(context)
}
