// @ts-check
// The module that all programs here use: node-zookeeper-client with promises. It also answers a question that every user of ZooKeeper meets: what
// became of a request whose answer was lost with the connection? A session repeats a request that may happen twice; a change that must happen
// once has a unique name (createSequential) or goes through a Ledger.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { realpathSync } from 'node:fs'
import { relative } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import zookeeper from 'node-zookeeper-client'

const { CreateMode, Exception } = zookeeper

/** @typedef {import('node-zookeeper-client').Client} Client */
/** @typedef {import('node-zookeeper-client').Stat} Stat */
/** @typedef {ReturnType<Client['transaction']>} Transaction */

/**
 * Opens a session. The session survives the loss of a connection, and of a server, as long as the client finds another server in time. The client alone
 * would look for a first server for ever without a message; this function gives up after `patience` milliseconds.
 * @param {string} connectString `host:port,host:port`
 */
export async function connect(connectString, { sessionTimeout = 10_000, patience = 5000 } = {}) {
  const client = zookeeper.createClient(connectString, { sessionTimeout, spinDelay: 100 })
  const session = new Session(client)
  const connected = once(client, 'connected', { signal: AbortSignal.timeout(patience) })
  client.connect()
  try {
    await connected
  } catch (error) {
    client.close()
    throw new Error(`no ZooKeeper server answers at ${connectString} within ${patience / 1000} s`, { cause: error })
  }
  return session
}

export class Session {
  /** @type {(reason: Error) => void} */
  #end = () => {}
  /** Rejects when the session has expired or was closed: its ephemeral nodes are gone, or will be soon. */
  ended = /** @type {Promise<never>} */ (new Promise((_, reject) => (this.#end = reject)))
  isOver = false

  /** @param {Client} client */
  constructor(client) {
    this.client = client
    this.ended.catch(() => (this.isOver = true))
    client.once('expired', () => this.#end(new Error('the session has expired')))
  }

  /** The session's id, as servers know it. */
  get id() {
    return this.client.getSessionId().readBigInt64BE()
  }

  /** Ends the session in order: its ephemeral nodes go at once. */
  async close() {
    const { client } = this
    if (client.getState() !== zookeeper.State.SYNC_CONNECTED) {
      // Only a connected client can close its session; after the timeout the servers expire it.
      const patience = AbortSignal.timeout(client.getSessionTimeout())
      await this.wait(once(client, 'connected', { signal: patience })).catch(() => undefined)
    }
    this.isOver = true
    const closed = once(client, 'disconnected')
    const isConnected = client.getState() === zookeeper.State.SYNC_CONNECTED
    client.close()
    if (isConnected) await closed
    this.#end(new Error('the session is closed'))
  }

  /**
   * Waits no longer than the session lasts.
   * @template T
   * @param {Promise<T>} something
   */
  wait(something) {
    return Promise.race([something, this.ended])
  }

  // What may be asked twice ------------------------------------------------------------------------------------

  /**
   * The names of the node's children, in no order.
   * @param {string} path
   * @param {() => void} [onChange] called once, when they have changed or the node is gone
   * @returns {Promise<string[]>}
   */
  children(path, onChange) {
    return this.#repeat((done) => this.client.getChildren(path, onChange ?? null, done))
  }

  /**
   * The node's text; undefined = there is no such node.
   * @param {string} path
   * @param {() => void} [onChange] called once, when it has changed or is gone
   * @returns {Promise<string | undefined>}
   */
  async read(path, onChange) {
    return (await this.readWithStat(path, onChange))?.text
  }

  /**
   * @param {string} path
   * @param {() => void} [onChange]
   * @returns {Promise<{ text: string, stat: Stat } | undefined>}
   */
  async readWithStat(path, onChange) {
    try {
      return await this.#repeat((done) =>
        this.client.getData(path, onChange ?? null, (error, data, stat) => done(error, { text: data?.toString() ?? '', stat })),
      )
    } catch (error) {
      if (is(error, 'NO_NODE')) return undefined
      throw error
    }
  }

  /**
   * Whether there is such a node.
   * @param {string} path
   * @param {() => void} [onChange] called once, when it is made, changed or removed
   */
  async exists(path, onChange) {
    return (await this.#stat(path, onChange)) !== null
  }

  /**
   * Makes the node and all above it, where they are missing. It is a write even if all are there, so what this session reads afterwards is not
   * older than what other clients had written before: its server may lag behind the others, but not behind its own answers.
   * @param {string} path
   * @returns {Promise<unknown>}
   */
  ensure(path) {
    return this.#repeat((done) => this.client.mkdirp(path, null, null, CreateMode.PERSISTENT, done))
  }

  /**
   * Sets the node's text, at any version.
   * @param {string} path
   * @param {string} text
   * @returns {Promise<Stat>}
   */
  write(path, text) {
    return this.#repeat((done) => this.client.setData(path, Buffer.from(text), -1, done))
  }

  /**
   * Removes the node, if no other client has removed it.
   * @param {string} path
   */
  async remove(path) {
    try {
      await this.#repeat((done) => this.client.remove(path, -1, done))
    } catch (error) {
      if (!is(error, 'NO_NODE')) throw error
    }
  }

  /**
   * Makes a node that lasts as long as this session. It replaces a node that an earlier session has left.
   * @param {string} path
   */
  async createEphemeral(path, text = '') {
    for (;;) {
      try {
        await this.#repeat((done) => this.client.create(path, Buffer.from(text), null, CreateMode.EPHEMERAL, done))
        return
      } catch (error) {
        if (!is(error, 'NODE_EXISTS')) throw error
        const stat = await this.#stat(path)
        // An earlier try, whose answer was lost, has made the node.
        if (stat?.ephemeralOwner.equals(this.client.getSessionId())) return
        await this.remove(path)
      }
    }
  }

  /**
   * Makes a node `<directory>/<prefix><unique>-<number>` that lasts as long as this session, and gives its name. When the answer to
   * a first try was lost, there may be two: the unique part tells which are ours, and the first of them counts.
   * @param {string} directory
   * @param {string} prefix
   */
  async createSequential(directory, prefix, text = '') {
    const unique = randomUUID()
    const start = `${directory}/${prefix}${unique}-`
    await this.#repeat((done) => this.client.create(start, Buffer.from(text), null, CreateMode.EPHEMERAL_SEQUENTIAL, done))
    const [name, ...others] = inOrder(await this.children(directory)).filter((child) => child.includes(unique))
    for (const other of others) await this.remove(`${directory}/${other}`)
    return /** @type {string} */ (name)
  }

  // Watching ---------------------------------------------------------------------------------------------------

  /**
   * Calls `onChildren` now and after each change, as long as the session lasts. A watch says that something has changed, not what: two
   * quick changes may come as one call.
   * @param {string} path
   * @param {(names: string[]) => unknown} onChildren
   */
  watchChildren(path, onChildren) {
    return this.#watch((onChange) => this.children(path, onChange), onChildren)
  }

  /**
   * Calls `onText` with the node's text now and after each change, as long as the session lasts; undefined while there is no such node.
   * @param {string} path
   * @param {(text: string | undefined) => unknown} onText
   */
  watchText(path, onText) {
    const look = async (/** @type {() => void} */ onChange) => {
      for (;;) {
        const text = await this.read(path, onChange)
        // Reading a missing node sets no watch.
        if (text !== undefined || !(await this.exists(path, onChange))) return text
      }
    }
    return this.#watch(look, onText)
  }

  /**
   * Looks, and looks again when the watch fires: the request that reads also sets the watch, so no change is missed in between.
   * Resolves after the first look.
   * @template T
   * @param {(onChange: () => void) => Promise<T>} look
   * @param {(value: T) => unknown} onValue
   */
  async #watch(look, onValue) {
    const step = async () => {
      /** @type {() => void} */
      let onChange = () => {}
      const changed = new Promise((resolve) => (onChange = () => resolve(undefined)))
      await onValue(await this.wait(look(onChange)))
      return () => this.wait(changed)
    }
    let next = await step()
    const goOn = async () => {
      while (!this.isOver) {
        await next()
        next = await step()
      }
    }
    goOn().catch((error) => {
      if (!this.isOver) throw error
    })
  }

  // Below ------------------------------------------------------------------------------------------------------

  /**
   * @param {string} path
   * @param {() => void} [onChange]
   * @returns {Promise<Stat | null>}
   */
  #stat(path, onChange) {
    return this.#repeat((done) => this.client.exists(path, onChange ?? null, done))
  }

  /**
   * Repeats the operation until an answer comes. The client keeps operations while it has no connection.
   * @template T
   * @param {(done: (error: Error | null, result?: any) => void) => void} operation
   * @returns {Promise<T>}
   */
  async #repeat(operation) {
    for (;;) {
      try {
        return await this.wait(new Promise((resolve, reject) => operation((error, result) => (error ? reject(error) : resolve(result)))))
      } catch (error) {
        if (this.isOver || !is(error, 'CONNECTION_LOSS')) throw error
      }
    }
  }
}

/**
 * Makes each change happen once, however often the client repeats it. Each change goes in one transaction with a change of a node that only
 * this ledger writes: if that node is no longer at the version that the ledger knows, the change whose answer was lost has happened.
 */
export class Ledger {
  // Not 0: in a transaction this client takes 0 for any version.
  #version = 1
  /** One at a time. @type {Promise<unknown>} */
  #last = Promise.resolve()

  /**
   * @param {Session} session
   * @param {string} path
   */
  constructor(session, path) {
    this.session = session
    this.path = path
  }

  /**
   * @param {Session} session
   * @param {string} directory where its node will be, as long as the session lasts
   */
  static async open(session, directory) {
    await session.ensure(directory)
    const path = `${directory}/${await session.createSequential(directory, 'ledger-')}`
    const stat = await session.write(path, '')
    const ledger = new Ledger(session, path)
    ledger.#version = stat.version
    return ledger
  }

  /**
   * Does all that `add` puts into the transaction, or nothing of it. Resolves to nothing when it is done, and to the name of the
   * error when the transaction was refused.
   * @param {(transaction: Transaction) => unknown} add
   * @returns {Promise<string | undefined>}
   */
  commit(add) {
    const turn = this.#last.then(() => this.#commit(add))
    this.#last = turn.catch(() => undefined)
    return turn
  }

  /** @param {(transaction: Transaction) => unknown} add */
  async #commit(add) {
    for (let isRepeated = false; ; isRepeated = true) {
      const transaction = this.session.client.transaction().setData(this.path, null, this.#version)
      add(transaction)
      const { error, own } = await this.session.wait(
        new Promise((resolve) => transaction.commit((refusal, results) => resolve({ error: refusal?.getName(), own: results?.[0]?.err }))),
      )
      if (error === 'CONNECTION_LOSS' && !this.session.isOver) continue
      const hasHappened = error === undefined || (isRepeated && own === Exception.BAD_VERSION)
      if (!hasHappened) return error
      this.#version += 1
      return undefined
    }
  }
}

/**
 * Names of sequential nodes, the first one first.
 * @param {string[]} names
 */
export function inOrder(names) {
  const number = (/** @type {string} */ name) => name.slice(-10)
  return names.toSorted((one, other) => (number(one) < number(other) ? -1 : 1))
}

/**
 * @param {unknown} error
 * @param {string} name
 */
function is(error, name) {
  return error instanceof Exception && error.getName() === name
}

/**
 * Plays the scene if the file is the program that Node.js was started with, on the servers of the command line.
 * @param {ImportMeta} file
 * @param {(connectString: string) => Promise<void>} scene
 */
export async function program(file, scene) {
  if (process.argv[1] === undefined || fileURLToPath(file.url) !== realpathSync(process.argv[1])) return
  try {
    await scene(process.argv[2] ?? 'localhost:2181')
  } catch (error) {
    console.error(
      error instanceof Error && /^no ZooKeeper server/.test(error.message)
        ? `${error.message}: start one, or name another, as in: node ${relative('', process.argv[1])} host:port`
        : error,
    )
    // The scene may have left sessions open, which would keep the process alive.
    process.exit(1)
  }
}
