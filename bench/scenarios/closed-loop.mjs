// Closed loops of small requests to a thousand nodes. `8×16` is eight connections with sixteen requests under way on each.
import { floorOfRoundTrips, floorOfSyncs } from '../load/control.mjs'
import { create, createAll, getData, setData } from '../load/frames.mjs'
import { Generator } from '../load/generator.mjs'
import { openSession } from '../load/session.mjs'

const KEYS = 1000
export const DATA = Buffer.alloc(100, 'some data 123 ')
const MIXED_WRITE_EVERY = 10
/** The ring of a mix is a multiple of its period. */
const RING = 1000

function keyPath(number) {
  return `/bench/k${String(number % KEYS).padStart(8, '0')}`
}

// A walk over the keys that differs between connections and does not go in order.
function keyOf(connection, slot) {
  return keyPath(Math.imul(slot + connection * 131, 7919) >>> 0)
}

export const read = (connection, slot) => getData(keyOf(connection, slot))
export const write = (connection, slot) => setData(keyOf(connection, slot), DATA)
export const mixed = (connection, slot) => ((slot + connection) % MIXED_WRITE_EVERY === 0 ? write : read)(connection, slot)
export const made = (connection) => create(`/bench/c${String(connection).padStart(2, '0')}-0000000000`, DATA)

const DIGITS_AT = 4 + 8 + 4 + '/bench/c00-'.length

/** Writes the number of the request into the name, so that every create is of a new node. */
export function numberName(bytes, at, _connection, number) {
  let rest = number
  for (let digit = at + DIGITS_AT + 9; digit >= at + DIGITS_AT; digit--) {
    bytes[digit] = 48 + (rest % 10)
    rest = (rest / 10) | 0
  }
}

async function oneServer(bench, kind) {
  const server = await bench.start(kind)
  return { ports: [server.port], cpuMs: () => server.cpuMs(), kill: () => server.kill() }
}

const FLOORS = {
  trip: { label: 'p50 of a stub that looks at nothing', measure: floorOfRoundTrips },
  sync: { label: 'median of a write and sync of the disk', measure: floorOfSyncs },
}

/**
 * A scenario of such a loop. `floors` are shown beside the median: what the generator, the machine and the disk take by themselves. `start` gives the ports that the connections go to in turns, the processor time of what answers there, and its
 * end; without it, that is one server by itself.
 */
export function closedLoop(operation, connections, window, frames, { target, p50, patch, floors = [], where, start = oneServer }) {
  const title = `${operation} ${connections}×${window}${where === undefined ? '' : `, ${where}`}`
  return {
    name: `${operation}-${connections}x${window}${where === undefined ? '' : `-${where.replaceAll(' ', '-')}`}`,
    title,
    curve: 'latency',
    rows: [
      { key: 'rate', label: title, unit: '/s', target },
      { key: 'p50', label: 'p50', unit: 'ms', target: p50 },
      ...floors.map((key) => ({ key, label: FLOORS[key].label, unit: 'ms' })),
      { key: 'p99', label: 'p99', unit: 'ms' },
      { key: 'max', label: 'max', unit: 'ms' },
      { key: 'serverCpu', label: 'server, processors used', unit: '' },
      { key: 'generatorCpu', label: 'generator, processors used', unit: '' },
    ],
    async measure(bench, kind) {
      const { ports, cpuMs, kill } = await start(bench, kind)
      const session = await openSession(ports[0])
      await session.call(create('/bench', Buffer.alloc(0)))
      await session.call(
        createAll(
          Array.from({ length: KEYS }, (_, i) => keyPath(i)),
          DATA,
        ),
      )
      session.drop()
      const generator = new Generator({ ports, connections, window, frames, patch, ring: RING })
      await generator.start()
      try {
        await generator.measure(bench.warmUpMs)
        const seen = await bench.runs(async () => {
          const cpu = cpuMs()
          const seen = await generator.measure(bench.durationMs)
          return { ...seen, serverCpu: (cpuMs() - cpu) / seen.elapsedMs, latency: [seen.p50, seen.p90, seen.p99, seen.p999, seen.max] }
        })
        for (const key of floors) seen[key] = [await FLOORS[key].measure(bench)]
        return seen
      } finally {
        await generator.stop()
        await kill()
      }
    },
  }
}
