// @ts-check
// Load balancing over the live list: each client takes the servers that are on line in turn. A client sends no request to ZooKeeper for
// that; it reads the list again only when the list changes.
//   node balance.mjs [host:port,…]
import { ServerList, goOnline } from './servers.mjs'
import { connect, program } from './zookeeper.mjs'
/** @typedef {import('./zookeeper.mjs').Session} Session */

export class RoundRobin {
  // A random start, so that not all clients begin with the first server.
  #next = Math.floor(Math.random() * 1000)

  /** @param {ServerList} list */
  constructor(list) {
    this.list = list
  }

  /**
   * @param {Session} session
   * @param {string} directory
   */
  static async over(session, directory) {
    return new RoundRobin(await ServerList.watch(session, directory))
  }

  /** The server whose turn it is; undefined = none is on line. */
  next() {
    const { addresses } = this.list
    return addresses[this.#next++ % addresses.length]
  }

  /**
   * Sends a request to the server whose turn it is and, if that fails, to the others: a server that has ended is still on the list until the
   * client hears of it.
   * @template T
   * @param {(address: string) => Promise<T>} send
   */
  async request(send) {
    /** @type {unknown} */
    let failure = new Error('no server is on line')
    for (let tries = this.list.addresses.length; tries > 0; tries--) {
      const address = this.next()
      try {
        if (address !== undefined) return await send(address)
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }
}

await program(import.meta, async (servers) => {
  const directory = '/examples/balance'
  const [client, ...workers] = await Promise.all([connect(servers), connect(servers), connect(servers), connect(servers)])
  await Promise.all(workers.map((worker, index) => goOnline(worker, directory, `10.0.0.${index + 1}`)))
  const balancer = await RoundRobin.over(client, directory)
  /** @type {Record<string, number>} */
  const counts = {}
  for (let request = 0; request < 300; request++) {
    await balancer.request(async (address) => (counts[address] = (counts[address] ?? 0) + 1))
  }
  for (const address of Object.keys(counts).sort()) console.log(address, 'had', counts[address], 'requests')
  await Promise.all([client, ...workers].map((session) => session.close()))
})
