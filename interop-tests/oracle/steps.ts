// What a run consists of: steps as plain data, complete enough to be played again in another order or with some left out. Connections have slots,
// sessions have labels (the n-th session that was made), so that a step means the same on both servers.
import { describeRequest } from './requests.ts'

export const SLOTS = 5

export interface ConnectStep {
  readonly kind: 'connect'
  readonly slot: number
  readonly form: 'new' | 'old'
  readonly protocolVersion: number
  readonly lastZxidSeen: bigint
  readonly timeOut: number
  readonly readOnly: boolean
  /** 'new', the label of a session, or an id that nobody has. */
  readonly session: 'new' | number | bigint
  /** 'own' is the password of the session's id; bytes are sent as they are. */
  readonly password: 'own' | Uint8Array | null
  /** The payload is cut off or lengthened: only so many bytes of it, zeros behind its end. */
  readonly length?: number
  /** Requests right behind it, before it is answered. */
  readonly behind: readonly Uint8Array[]
}

export type Step =
  | ConnectStep
  /** Pipelined requests, none of which ends the connection. */
  | { readonly kind: 'requests'; readonly slot: number; readonly payloads: readonly Uint8Array[]; readonly splits: readonly number[] }
  /** One request that may end the connection; nothing is sent behind it. */
  | { readonly kind: 'alone'; readonly slot: number; readonly payload: Uint8Array }
  /** Bytes that end the connection without an answer; without a connection they are the first that a new one sends. */
  | { readonly kind: 'bytes'; readonly slot: number; readonly bytes: Uint8Array; readonly why: string }
  /** The client goes away, within a frame if there are bytes. */
  | { readonly kind: 'drop'; readonly slot: number; readonly how: 'finish' | 'reset'; readonly bytes: Uint8Array }
  /** Nothing is said on this connection until its session has expired. */
  | { readonly kind: 'expire'; readonly slot: number }
  /** What the server counts is looked up. */
  | { readonly kind: 'counters'; readonly slot: number }

/** How many steps of the run this counts for: each request is one. */
export function countOf(step: Step): number {
  switch (step.kind) {
    case 'connect':
      return 1 + step.behind.length
    case 'requests':
      return step.payloads.length
    default:
      return 1
  }
}

/** A step for people, a line for each request. */
export function describeStep(step: Step): string[] {
  const at = `slot ${step.slot}:`
  switch (step.kind) {
    case 'connect': {
      const { form, protocolVersion, lastZxidSeen, timeOut, readOnly, length } = step
      const session = step.session === 'new' ? 'new' : typeof step.session === 'number' ? `s${step.session}` : `0x${step.session.toString(16)}`
      const password = step.password instanceof Uint8Array ? Buffer.from(step.password).toString('hex') : String(step.password)
      const size = length === undefined ? '' : ` length=${length}`
      const words = `form=${form} version=${protocolVersion} zxid=${lastZxidSeen} timeOut=${timeOut} password=${password} readOnly=${readOnly}${size}`
      return [`${at} connect session=${session} ${words}`, ...step.behind.map((payload) => `${at}   behind it ${describeRequest(payload)}`)]
    }
    case 'requests':
      return step.payloads.map((payload) => `${at} ${describeRequest(payload)}`)
    case 'alone':
      return [`${at} alone ${describeRequest(step.payload)}`]
    case 'bytes':
      return [`${at} ${step.why}: ${Buffer.from(step.bytes.subarray(0, 100)).toString('hex')}`]
    case 'drop':
      return [`${at} drop, ${step.how}${step.bytes.length > 0 ? ` within a frame` : ''}`]
    case 'expire':
      return [`${at} wait for the session's end`]
    case 'counters':
      return ['mntr']
  }
}
