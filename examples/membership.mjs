// @ts-check
// Cluster membership: each member has an ephemeral node in the group's directory, and a monitor prints each member that joins or leaves.
// A member that dies leaves when its session has expired.
//   node membership.mjs [host:port,…]
import { connect, program } from './zookeeper.mjs'
/** @typedef {import('./zookeeper.mjs').Session} Session */

/**
 * @param {Session} session
 * @param {string} group the path of its directory
 * @param {string} name
 */
export async function join(session, group, name) {
  await session.ensure(group)
  await session.createEphemeral(`${group}/${name}`)
}

/**
 * @param {Session} session
 * @param {string} group
 * @param {(what: 'joined' | 'left', name: string, members: string[]) => void} onChange
 */
export async function monitor(session, group, onChange) {
  await session.ensure(group)
  /** @type {string[]} */
  let known = []
  await session.watchChildren(group, (names) => {
    const members = names.sort()
    const [joined, left] = [without(members, known), without(known, members)]
    known = members
    for (const name of left) onChange('left', name, members)
    for (const name of joined) onChange('joined', name, members)
  })
}

/**
 * @param {string[]} names
 * @param {string[]} others
 */
function without(names, others) {
  return names.filter((name) => !others.includes(name))
}

await program(import.meta, async (servers) => {
  const group = '/examples/members'
  const [watcher, ...members] = await Promise.all([connect(servers), connect(servers), connect(servers)])
  const [anna, bert] = members
  await new Promise((done) => {
    void monitor(watcher, group, (what, name, all) => {
      console.log(`${name} has ${what}, members: ${all.join(', ') || 'none'}`)
      if (what === 'joined' && name === 'anna') void join(bert, group, 'bert')
      if (what === 'joined' && name === 'bert') void anna.close()
      if (what === 'left' && name === 'anna') void bert.close()
      if (what === 'left' && name === 'bert') done(undefined)
    }).then(() => join(anna, group, 'anna'))
  })
  await watcher.close()
})
