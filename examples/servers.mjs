// @ts-check
// Servers that go on and off line, seen by their clients: a server that can work has an ephemeral node with its address; clients keep the
// list of addresses in memory and hear of every change, so they find a server without a request.
//   node servers.mjs [host:port,…]
import { connect, inOrder, program } from './zookeeper.mjs'
/** @typedef {import('./zookeeper.mjs').Session} Session */

/**
 * Puts a server on line and gives the function that takes it off; the end of its session does that, too.
 * @param {Session} session
 * @param {string} directory
 * @param {string} address host and port for clients
 */
export async function goOnline(session, directory, address) {
  await session.ensure(directory)
  const name = await session.createSequential(directory, 'server-', address)
  return () => session.remove(`${directory}/${name}`)
}

/** The servers on line, as far as this client knows. */
export class ServerList {
  /** In the order in which they came. @type {readonly string[]} */
  addresses = []

  /**
   * @param {Session} session
   * @param {string} directory
   * @param {(addresses: readonly string[]) => void} [onChange]
   */
  static async watch(session, directory, onChange) {
    const list = new ServerList()
    await session.ensure(directory)
    await session.watchChildren(directory, async (names) => {
      const texts = await Promise.all(inOrder(names).map((name) => session.read(`${directory}/${name}`)))
      // A server that has gone since the names were read is left out; the next list follows anyway.
      list.addresses = texts.filter((text) => text !== undefined)
      onChange?.(list.addresses)
    })
    return list
  }
}

await program(import.meta, async (servers) => {
  const directory = '/examples/servers'
  const [client, one, two] = await Promise.all([connect(servers), connect(servers), connect(servers)])
  const changes = [() => goOnline(one, directory, '10.0.0.1:8080'), () => goOnline(two, directory, '10.0.0.2:8080'), () => one.close(), () => two.close()]
  await new Promise((done) => {
    void ServerList.watch(client, directory, (addresses) => {
      console.log('on line:', addresses.join(', ') || 'nobody')
      const change = changes.shift()
      if (change === undefined) done(undefined)
      else void change()
    })
  })
  await client.close()
})
