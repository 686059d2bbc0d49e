// The part of the client's interface that the test uses; the package has no types of its own.
declare module 'node-zookeeper-client' {
  import type { EventEmitter } from 'node:events'

  interface Stat {
    readonly czxid: Buffer
    readonly mzxid: Buffer
    readonly pzxid: Buffer
    readonly version: number
    readonly cversion: number
    readonly aversion: number
    readonly ephemeralOwner: Buffer
    readonly dataLength: number
    readonly numChildren: number
  }
  interface Event {
    getType(): number
    getName(): string
    getPath(): string
  }
  interface State {
    getName(): string
    getCode(): number
  }
  type Callback<T extends unknown[]> = (error: Exception | null, ...results: T) => void
  type Watcher = (event: Event) => void

  interface OpResult {
    readonly type: number
    readonly path?: string
    readonly stat?: Stat
    readonly err?: number
  }
  interface Transaction {
    create(path: string, data?: Buffer | null, acls?: ACL[] | null, mode?: number): this
    check(path: string, version?: number): this
    setData(path: string, data: Buffer | null, version?: number): this
    remove(path: string, version?: number): this
    commit(callback: Callback<[OpResult[]]>): void
  }
  interface Client extends EventEmitter {
    connect(): void
    close(): void
    getState(): State
    getSessionId(): Buffer
    getSessionPassword(): Buffer
    getSessionTimeout(): number
    addAuthInfo(scheme: string, auth: Buffer): void
    create(path: string, data: Buffer | null, acls: ACL[] | null, mode: number, callback: Callback<[string]>): void
    remove(path: string, version: number, callback: Callback<[]>): void
    removeRecursive(path: string, version: number, callback: Callback<[]>): void
    exists(path: string, watcher: Watcher | null, callback: Callback<[Stat | null]>): void
    getChildren(path: string, watcher: Watcher | null, callback: Callback<[string[], Stat]>): void
    getData(path: string, watcher: Watcher | null, callback: Callback<[Buffer | undefined, Stat]>): void
    setData(path: string, data: Buffer | null, version: number, callback: Callback<[Stat]>): void
    getACL(path: string, callback: Callback<[{ permission: number; id: { scheme: string; id: string } }[], Stat]>): void
    setACL(path: string, acls: ACL[], version: number, callback: Callback<[Stat]>): void
    mkdirp(path: string, data: Buffer | null, acls: ACL[] | null, mode: number, callback: Callback<[string]>): void
    listSubTreeBFS(path: string, callback: Callback<[string[]]>): void
    transaction(): Transaction
  }
  interface Options {
    sessionTimeout?: number
    spinDelay?: number
    retries?: number
    sessionId?: Buffer
    sessionPassword?: Buffer
  }

  class ACL {
    constructor(permission: number, id: Id)
    static readonly OPEN_ACL_UNSAFE: ACL[]
    static readonly CREATOR_ALL_ACL: ACL[]
    static readonly READ_ACL_UNSAFE: ACL[]
  }
  class Id {
    constructor(scheme: string, id: string)
    static readonly ANYONE_ID_UNSAFE: Id
    static readonly AUTH_IDS: Id
  }
  class Exception extends Error {
    getCode(): number
    getName(): string
    static readonly [code: string]: number
  }
  const zookeeper: {
    createClient(connectionString: string, options?: Options): Client
    ACL: typeof ACL
    Id: typeof Id
    Permission: Readonly<Record<'READ' | 'WRITE' | 'CREATE' | 'DELETE' | 'ADMIN' | 'ALL', number>>
    State: Readonly<Record<'SYNC_CONNECTED' | 'DISCONNECTED' | 'EXPIRED', State>>
    CreateMode: Readonly<Record<'PERSISTENT' | 'PERSISTENT_SEQUENTIAL' | 'EPHEMERAL' | 'EPHEMERAL_SEQUENTIAL', number>>
    Exception: typeof Exception
  }
  export default zookeeper
  export type { Client, Event, OpResult, Options, Stat, Watcher }
}
