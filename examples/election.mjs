// @ts-check
// Master election: every candidate makes a sequential node that lasts as long as its session, and the first in order is the master. The others,
// its slaves, watch the parent; when the master goes, each of them reads the list again and knows the next master without a message between them.
//   node election.mjs [host:port,…]
import { connect, inOrder, program } from './zookeeper.mjs'
/** @typedef {import('./zookeeper.mjs').Session} Session */

/**
 * @typedef {object} Candidacy
 * @property {string} name
 * @property {string | undefined} master the master's name, as far as this candidate knows
 * @property {boolean} isMaster
 */

/**
 * Stands for election until the session ends. Calls `onMaster` for each new master.
 * @param {Session} session
 * @param {string} directory
 * @param {string} name
 * @param {(candidacy: Candidacy) => void} [onMaster]
 * @returns {Promise<Candidacy>}
 */
export async function stand(session, directory, name, onMaster) {
  /** @type {Candidacy} */
  const candidacy = { name, master: undefined, isMaster: false }
  await session.ensure(directory)
  const own = await session.createSequential(directory, 'candidate-', name)
  /** @type {string | undefined} */
  let first
  await session.watchChildren(directory, async (names) => {
    if (first === inOrder(names)[0]) return
    first = inOrder(names)[0]
    const master = await session.read(`${directory}/${first}`)
    // Undefined: the master has gone again, and the next list is on its way.
    if (master === undefined) return
    candidacy.master = master
    candidacy.isMaster = first === own
    onMaster?.(candidacy)
  })
  // A candidate whose session has ended is not the master, whatever it heard last.
  session.ended.catch(() => {
    candidacy.master = undefined
    candidacy.isMaster = false
  })
  return candidacy
}

await program(import.meta, async (servers) => {
  const names = ['anna', 'bert', 'carl']
  const sessions = await Promise.all(names.map(() => connect(servers)))
  let told = () => {}
  const candidacies = await Promise.all(names.map((name, index) => stand(sessions[index], '/examples/election', name, () => told())))
  while (candidacies.length > 0) {
    const master = candidacies.find(({ isMaster }) => isMaster)
    if (master === undefined || candidacies.some((candidacy) => candidacy.master !== master.name)) {
      await new Promise((resolve) => (told = () => resolve(undefined)))
      continue
    }
    candidacies.splice(candidacies.indexOf(master), 1)
    console.log(`the master has ${candidacies.length} ${candidacies.length === 1 ? 'slave' : 'slaves'}, and goes`)
    await sessions[names.indexOf(master.name)].close()
  }
})
