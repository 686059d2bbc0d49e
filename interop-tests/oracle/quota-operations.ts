// What administrators and careless clients do to quotas: limits, usage and the nodes between, for a few top-level paths.
import type { ACL } from '../../src/jute/generated/data.ts'
import { CreateRequest, CreateTTLRequest, DeleteRequest, GetDataRequest, SetDataRequest } from '../../src/jute/generated/proto.ts'
import { OpCode } from '../../src/protocol/codes.ts'
import { encode } from '../wire/messages.ts'
import type { MultiOperation } from '../wire/messages.ts'
import type { Context } from './arguments.ts'

const ROOT = '/zookeeper/quota'
const PATHS = ['/a', '/b', '/c', '/a/b', '/missing']
const OPEN: ACL[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]

/** As `quotaOperation`, but only what may stand in a multi. */
export function quotaChange(context: Context): MultiOperation {
  for (;;) {
    const operation = quotaOperation(context)
    if (operation.type !== OpCode.getData) return operation
  }
}

/** One step towards, within or out of a quota. */
export function quotaOperation(context: Context): MultiOperation {
  const { random, world } = context
  const path = random.pick(PATHS)
  const limits = `${ROOT}${path}/zookeeper_limits`
  const stats = `${ROOT}${path}/zookeeper_stats`
  const missing = [...ancestors(path), limits, stats].find((node) => !world.nodes.has(node))
  if (missing !== undefined && random.chance(45)) return make(missing, missing === limits ? limitsText(context) : statsText(context))
  return random.weighted<() => MultiOperation>([
    [10, () => set(limits, limitsText(context))],
    [6, () => set(stats, statsText(context))],
    [12, () => read(stats)],
    [4, () => read(limits)],
    [4, () => drop(limits)],
    [4, () => drop(stats)],
    [22, () => fill(context, `${path}/${random.pick(['x', 'y', 'z'])}`)],
    [8, () => make(path, random.bytes(random.below(12)))],
    [14, () => set(path, random.bytes(random.below(40)))],
    [10, () => drop(`${path}/${random.pick(['x', 'y', 'z'])}`)],
  ])()
}

function ancestors(path: string): string[] {
  const names = path.split('/').slice(1)
  return names.map((_, at) => `${ROOT}/${names.slice(0, at + 1).join('/')}`)
}

function limitsText({ random }: Context): Buffer | null {
  const count = random.pick([-1, 0, 2, 5, 1000])
  const bytes = random.pick([-1, 0, 10, 60, 100000])
  const hardCount = random.pick([-1, 1, 2, 3, 1000])
  const hardBytes = random.pick([-1, 5, 20, 100000])
  const text = random.weighted<string | null>([
    [40, `count=${count},bytes=${bytes}=;byteHardLimit=${hardBytes};countHardLimit=${hardCount}`],
    [15, `count=${count},bytes=${bytes}`],
    [8, `countHardLimit=${hardCount}`],
    [8, `byteHardLimit=${hardBytes};count=${count}`],
    [4, `bytes=${bytes};count=${count};note=7`],
    [3, 'garbage'],
    [2, 'count=x'],
    [1, ''],
    [1, null],
  ])
  return text === null ? null : Buffer.from(text)
}

function statsText({ random }: Context): Buffer {
  return Buffer.from(random.pick(['count=0,bytes=0', 'count=3,bytes=14', 'bytes=5', 'count=1;bytes=2', 'count=12']))
}

/** A node below the quota, of any kind: all of them count. */
function fill({ random }: Context, path: string): MultiOperation {
  const data = random.chance(40) ? random.bytes(random.below(30)) : Buffer.alloc(0)
  const type = random.pick([OpCode.create, OpCode.create, OpCode.create2, OpCode.createContainer, OpCode.createTTL])
  if (type === OpCode.createTTL) return { type, body: encode(CreateTTLRequest, { path, data, acl: OPEN, flags: random.pick([5, 6]), ttl: 1000n }) }
  return { type, body: encode(CreateRequest, { path, data, acl: OPEN, flags: type === OpCode.createContainer ? 4 : random.pick([0, 0, 1, 2]) }) }
}

const make = (path: string, data: Uint8Array | null): MultiOperation => ({
  type: OpCode.create,
  body: encode(CreateRequest, { path, data, acl: OPEN, flags: 0 }),
})
const set = (path: string, data: Uint8Array | null): MultiOperation => ({ type: OpCode.setData, body: encode(SetDataRequest, { path, data, version: -1 }) })
const drop = (path: string): MultiOperation => ({ type: OpCode.delete, body: encode(DeleteRequest, { path, version: -1 }) })
const read = (path: string): MultiOperation => ({ type: OpCode.getData, body: encode(GetDataRequest, { path, watch: false }) })
