// @ts-check
// A distributed lock: a client that wants it makes a sequential node that lasts as long as its session, and has the lock when no node stands
// before its own. Each client waits for its predecessor only, so a release wakes one client and not the herd.
//   node lock.mjs [host:port,…]
import { connect, inOrder, program } from './zookeeper.mjs'
/** @typedef {import('./zookeeper.mjs').Session} Session */

/**
 * Does the work while no other client has the lock. When the session ends, another client may get the lock: race long work with `session.ended`.
 * Where two workers at once must never happen, check `turn`, which only grows.
 * @template T
 * @param {Session} session
 * @param {string} directory
 * @param {(turn: number) => Promise<T>} work
 */
export async function withLock(session, directory, work) {
  await session.ensure(directory)
  const own = await session.createSequential(directory, 'lock-')
  try {
    await waitForPredecessor(session, directory, own)
    return await work(Number(own.slice(-10)))
  } finally {
    // An ended session has taken its node along.
    if (!session.isOver) await session.remove(`${directory}/${own}`)
  }
}

/**
 * @param {Session} session
 * @param {string} directory
 * @param {string} own
 */
async function waitForPredecessor(session, directory, own) {
  for (;;) {
    const names = inOrder(await session.children(directory))
    const place = names.indexOf(own)
    if (place === -1) throw new Error('the lock was taken away')
    if (place === 0) return
    /** @type {() => void} */
    let onChange = () => {}
    const changed = new Promise((resolve) => (onChange = () => resolve(undefined)))
    // The predecessor may have given up while others still stand before it, so look at the whole list again.
    if (await session.exists(`${directory}/${names[place - 1]}`, onChange)) await session.wait(changed)
  }
}

await program(import.meta, async (servers) => {
  const names = ['anna', 'bert', 'carl']
  const sessions = await Promise.all(names.map(() => connect(servers)))
  /** @type {string[]} */
  const inside = []
  await Promise.all(
    names.map((name, index) =>
      withLock(sessions[index], '/examples/lock', async () => {
        inside.push(name)
        await new Promise((resolve) => setTimeout(resolve, 50))
        console.log(`${inside.length} of 3 in the room`)
        inside.pop()
      }),
    ),
  )
  await Promise.all(sessions.map((session) => session.close()))
})
