// Many nodes of 100 bytes, a thousand beneath each parent: making them, and writing to them all over the tree.
import { performance } from 'node:perf_hooks'
import { create, createAll, setData } from './frames.mjs'
import { openSession } from './session.mjs'

/** What each node holds. */
export const DATA = Buffer.alloc(100, 'some data 123 ')
const PER_PARENT = 1000

export function pathOf(number) {
  return `/p${String(Math.floor(number / PER_PARENT)).padStart(4, '0')}/node-${String(number % PER_PARENT).padStart(4, '0')}`
}

/** Makes that many by multis of 1,000, and gives the milliseconds that it took. */
export async function makeNodes(server, nodes) {
  const session = await openSession(server.port)
  const started = performance.now()
  const batches = function* () {
    for (let first = 0; first < nodes; first += PER_PARENT) {
      const paths = Array.from({ length: Math.min(PER_PARENT, nodes - first) }, (_, i) => pathOf(first + i))
      yield createAll(paths, DATA)
    }
  }
  const parents = Array.from({ length: Math.ceil(nodes / PER_PARENT) }, (_, i) => pathOf(i * PER_PARENT).slice(0, 6))
  for (const parent of parents) await session.call(create(parent, Buffer.alloc(0)))
  await session.callAll(batches(), 4)
  const elapsed = performance.now() - started
  await session.close()
  return elapsed
}

/** Frames for a generator: setDatas that go from one end of the tree to the other. */
export function spread(nodes) {
  return (connection, slot) => setData(pathOf((Math.imul(slot + connection * 4099, 0x9e3779b1) >>> 0) % nodes), DATA)
}
