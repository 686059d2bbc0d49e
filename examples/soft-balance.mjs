// @ts-check
// Soft load balancing: each server's node holds the count of its visits, and the least visited server gets the next request of any client.
// The client that chooses a server raises its count, on the condition that the node has the version that the client read, so no visit is lost.
//   node soft-balance.mjs [host:port,…]
import { Ledger, connect, program } from './zookeeper.mjs'
/** @typedef {import('./zookeeper.mjs').Session} Session */

/**
 * Puts a server on line. It begins with the visits of the least visited server, so that it does not get all requests until it has caught up.
 * @param {Session} session
 * @param {string} directory
 * @param {string} address
 */
export async function serve(session, directory, address) {
  const path = `${directory}/servers/${encodeURIComponent(address)}`
  await session.ensure(`${directory}/servers`)
  const [least] = await counted(session, directory)
  // A server is on line once it has a count. Writing the count also gives the node a version above 0, which this client's transactions need.
  await session.createEphemeral(path)
  await session.write(path, String(least?.visits ?? 0))
}

export class Chooser {
  /**
   * @param {Session} session
   * @param {string} directory
   * @param {Ledger} ledger
   */
  constructor(session, directory, ledger) {
    this.session = session
    this.directory = directory
    this.ledger = ledger
  }

  /**
   * @param {Session} session
   * @param {string} directory
   */
  static async open(session, directory) {
    await session.ensure(`${directory}/servers`)
    return new Chooser(session, directory, await Ledger.open(session, `${directory}/ledgers`))
  }

  /** The least visited server, which now has one visit more; undefined = none is on line. */
  async choose() {
    for (;;) {
      const [least] = await counted(this.session, this.directory)
      if (least === undefined) return undefined
      const refusal = await this.ledger.commit((transaction) => transaction.setData(least.path, Buffer.from(String(least.visits + 1)), least.version))
      if (refusal === undefined) return least.address
      // BAD_VERSION: another client was faster; NO_NODE: the server went off line. Look again.
      if (refusal !== 'BAD_VERSION' && refusal !== 'NO_NODE') throw new Error(refusal)
    }
  }
}

/**
 * The servers, the least visited first.
 * @param {Session} session
 * @param {string} directory
 */
export async function counted(session, directory) {
  const names = await session.children(`${directory}/servers`)
  const servers = await Promise.all(
    names.map(async (name) => {
      const path = `${directory}/servers/${name}`
      const node = await session.readWithStat(path)
      return node?.text ? [{ path, address: decodeURIComponent(name), visits: Number(node.text), version: node.stat.version }] : []
    }),
  )
  return servers.flat().sort((one, other) => one.visits - other.visits)
}

await program(import.meta, async (servers) => {
  const directory = '/examples/soft-balance'
  const sessions = await Promise.all(Array.from({ length: 6 }, () => connect(servers)))
  const [workers, clients] = [sessions.slice(0, 3), sessions.slice(3)]
  await Promise.all(workers.map((worker, index) => serve(worker, directory, `10.0.0.${index + 1}`)))
  const choosers = await Promise.all(clients.map((client) => Chooser.open(client, directory)))
  await Promise.all(
    choosers.map(async (chooser) => {
      for (let request = 0; request < 20; request++) await chooser.choose()
    }),
  )
  // Another client may have changed the counts a moment ago on another server: a write brings this session's server up to date.
  await clients[0].ensure(directory)
  const counts = await counted(clients[0], directory)
  for (const { address, visits } of counts.sort((one, other) => (one.address < other.address ? -1 : 1))) console.log(address, 'had', visits, 'visits')
  await Promise.all(sessions.map((session) => session.close()))
})
