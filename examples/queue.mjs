// @ts-check
// A FIFO queue with any number of producers and consumers. An item is a sequential node; the consumer that removes it has it. No item is lost
// or taken twice, even when the answer to a put or a take is lost: both go through a ledger. Items leave in the order in which they came.
//   node queue.mjs [host:port,…]
import { Ledger, connect, inOrder, program } from './zookeeper.mjs'
import zookeeper from 'node-zookeeper-client'
/** @typedef {import('./zookeeper.mjs').Session} Session */

export class Queue {
  /**
   * @param {Session} session
   * @param {string} directory
   * @param {Ledger} ledger
   */
  constructor(session, directory, ledger) {
    this.session = session
    this.items = `${directory}/items`
    this.ledger = ledger
  }

  /**
   * @param {Session} session
   * @param {string} directory
   */
  static async open(session, directory) {
    await session.ensure(`${directory}/items`)
    return new Queue(session, directory, await Ledger.open(session, `${directory}/ledgers`))
  }

  /** @param {string} text */
  async put(text) {
    const refusal = await this.ledger.commit((transaction) =>
      transaction.create(`${this.items}/item-`, Buffer.from(text), null, zookeeper.CreateMode.PERSISTENT_SEQUENTIAL),
    )
    if (refusal !== undefined) throw new Error(refusal)
  }

  /** Takes the first item, and waits for one if the queue is empty. No other consumer gets it. */
  async take() {
    for (;;) {
      /** @type {() => void} */
      let onChange = () => {}
      const changed = new Promise((resolve) => (onChange = () => resolve(undefined)))
      const text = (await this.#takeFirst()) ?? (await this.#takeFirst(onChange))
      if (text !== undefined) return text
      await this.session.wait(changed)
    }
  }

  /** @param {() => void} [onChange] */
  async #takeFirst(onChange) {
    for (const name of inOrder(await this.session.children(this.items, onChange))) {
      const path = `${this.items}/${name}`
      const text = await this.session.read(path)
      const refusal = text === undefined ? 'NO_NODE' : await this.ledger.commit((transaction) => transaction.remove(path))
      if (refusal === undefined) return text
      // Another consumer was faster: try the next item.
      if (refusal !== 'NO_NODE') throw new Error(refusal)
    }
    return undefined
  }
}

await program(import.meta, async (servers) => {
  const [producer, ...consumers] = await Promise.all([connect(servers), connect(servers), connect(servers)])
  const queue = await Queue.open(producer, '/examples/queue')
  /** @type {string[]} */
  const done = []
  const working = Promise.all(
    consumers.map(async (session) => {
      const own = await Queue.open(session, '/examples/queue')
      for (let text = await own.take(); text !== 'enough'; text = await own.take()) done.push(text)
    }),
  )
  for (const text of ['anna', 'bert', 'carl', 'dora', 'enough', 'enough']) await queue.put(text)
  await working
  console.log(`${done.length} items were taken, each once: ${done.sort().join(', ')}`)
  await Promise.all([producer, ...consumers].map((session) => session.close()))
})
