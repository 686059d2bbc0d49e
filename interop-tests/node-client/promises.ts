// node-zookeeper-client with promises, for tests that read from top to bottom.
import { once } from 'node:events'
import zookeeper from 'node-zookeeper-client'
import type { Client, Event, OpResult, Options, Stat, Watcher } from 'node-zookeeper-client'

const { CreateMode } = zookeeper
type Acls = typeof zookeeper.ACL.OPEN_ACL_UNSAFE
const PATIENCE_MS = 60_000

/** A connected client. */
export async function connectClient(connectString: string, options: Options = {}): Promise<Client> {
  const client = zookeeper.createClient(connectString, { sessionTimeout: 10_000, spinDelay: 50, ...options })
  const connected = clientEvent(client, 'connected')
  client.connect()
  await connected
  return client
}

/** Waits for an event of the client: connected, disconnected, expired, authenticationFailed. */
export async function clientEvent(client: Client, name: string): Promise<void> {
  await once(client, name, { signal: AbortSignal.timeout(PATIENCE_MS) })
}

export const data = (text: string): Buffer => Buffer.from(text)

export const create = (client: Client, path: string, text?: string, mode: number = CreateMode.PERSISTENT, acls?: Acls): Promise<string> =>
  promised((done) => client.create(path, text === undefined ? null : data(text), acls ?? null, mode, done))

export const remove = (client: Client, path: string, version = -1): Promise<void> => promised((done) => client.remove(path, version, done))

export const exists = (client: Client, path: string, watcher: Watcher | null = null): Promise<Stat | null> =>
  promised((done) => client.exists(path, watcher, done))

export const getChildren = (client: Client, path: string, watcher: Watcher | null = null): Promise<string[]> =>
  promised<string[]>((done) => client.getChildren(path, watcher, done)).then((names) => names.sort())

export const getData = (client: Client, path: string, watcher: Watcher | null = null): Promise<string | undefined> =>
  promised<Buffer | undefined>((done) => client.getData(path, watcher, done)).then((bytes) => bytes?.toString())

export const setData = (client: Client, path: string, text: string, version = -1): Promise<Stat> =>
  promised((done) => client.setData(path, data(text), version, done))

export const setACL = (client: Client, path: string, acls: Acls, version = -1): Promise<Stat> => promised((done) => client.setACL(path, acls, version, done))

/** An operation of the client as a promise of its first result. */
export function promised<T>(operation: (done: (error: Error | null, result?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    operation((error, result) => {
      if (error) reject(error)
      else resolve(result as T)
    })
  })
}

/** Commits a transaction; a refused one gives the name of its error together with the results of its operations. */
export function commit(transaction: ReturnType<Client['transaction']>): Promise<{ error: string | undefined; results: OpResult[] }> {
  return new Promise((resolve) => transaction.commit((error, results) => resolve({ error: error?.getName(), results })))
}

/** The name of the error that a refused operation gives. */
export async function refusal(operation: Promise<unknown>): Promise<string> {
  try {
    await operation
  } catch (error) {
    return (error as Error & { getName(): string }).getName()
  }
  return 'no error'
}

/** A watcher that keeps what it sees, and the means to wait until it has seen so much. */
export function recorder(): { watcher: Watcher; seen: string[]; count(n: number): Promise<string[]> } {
  const seen: string[] = []
  let wake = (): void => undefined
  const watcher = (event: Event): void => {
    seen.push(`${event.getName()} ${event.getPath()}`)
    wake()
  }
  const count = async (n: number): Promise<string[]> => {
    const signal = AbortSignal.timeout(PATIENCE_MS)
    while (seen.length < n) {
      await new Promise<void>((resolve, reject) => {
        wake = resolve
        signal.addEventListener('abort', () => reject(new Error(`only ${seen.length} of ${n} events: ${seen.join(', ')}`)))
      })
    }
    return seen
  }
  return { watcher, seen, count }
}
