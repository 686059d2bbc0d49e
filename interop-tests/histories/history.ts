// What clients have asked, when, and what they were told: the whole of what the checks go by. Times are of one monotonic clock.

/** A node as a client sees it. No two writes have the same value. */
export interface Node {
  readonly value: string
  readonly version: number
}

/** One operation of a request. A version of -1 is any. */
export type Step =
  | { readonly kind: 'create'; readonly key: string; readonly value: string }
  | { readonly kind: 'set'; readonly key: string; readonly value: string; readonly version: number }
  | { readonly kind: 'delete'; readonly key: string; readonly version: number }
  | { readonly kind: 'check'; readonly key: string; readonly version: number }
  | { readonly kind: 'read'; readonly key: string }

export type Outcome =
  /** For each step what the answer says of the node: null = there is none, undefined = nothing. */
  { readonly kind: 'done'; readonly nodes: readonly (Node | null | undefined)[] } | { readonly kind: 'refused'; readonly step: number; readonly code: number }

/** The steps of a request are all done, at one moment, or none is. */
export interface Operation {
  readonly client: number
  /** Connections of a client are counted. */
  readonly connection: number
  readonly steps: readonly Step[]
  /** A read without a sync: it may show what was, but nothing older than what this client has seen. */
  readonly mayBeStale: boolean
  readonly invokedAt: number
  /** Infinity while there is no answer, and for ever where the connection was lost. */
  answeredAt: number
  outcome: Outcome | undefined
}

/** Of any request that was answered, in the order of the answers of a client. */
export interface Answer {
  readonly client: number
  readonly connection: number
  readonly xid: number
  readonly zxid: bigint
  /** It took a zxid of its own. */
  readonly isWrite: boolean
}

/** A node with a sequence number was asked for; its data are the value. */
export interface Naming {
  readonly client: number
  readonly connection: number
  readonly value: string
  readonly invokedAt: number
  answeredAt: number
  name: string | undefined
}

export class History {
  /** In the order in which they were asked. */
  readonly operations: Operation[] = []
  readonly answers: Answer[] = []
  readonly namings: Naming[] = []
}
