/**
 * Keeps the number of requests under way below a limit (RequestThrottler). Off by default, and then nothing more than
 * a call. A request that waited too long is answered with THROTTLEDOP instead of being executed.
 */
import { Code, OpCode } from '../../protocol/codes.ts'
import type { Settings } from '../config/settings.ts'
import type { Clock, Timer } from '../host/host.ts'
import type { Request } from '../txn/request.ts'
import type { RequestProcessor } from './request-processor.ts'

export interface ThrottleEvents {
  onStall(): void
  onThrottled(): void
  onStale(): void
  /** A stale request's connection is closed with it. */
  onStaleDropped(request: Request): void
}

export class RequestThrottler {
  readonly #clock: Clock
  readonly #settings: Settings
  readonly #processor: RequestProcessor
  readonly #events: ThrottleEvents
  /** In the order of their receipt; those before #released have been let go. */
  #held: Request[] = []
  #released = 0
  /** Runs while requests are held, in case nothing else lets them go. */
  #stall: Timer | undefined

  constructor(clock: Clock, settings: Settings, processor: RequestProcessor, events: ThrottleEvents) {
    this.#clock = clock
    this.#settings = settings
    this.#processor = processor
    this.#events = events
  }

  get held(): number {
    return this.#held.length - this.#released
  }

  submit(request: Request): void {
    const { requestThrottleMaxRequests, throttledOpWaitTimeMs } = this.#settings
    if (requestThrottleMaxRequests <= 0) {
      if (throttledOpWaitTimeMs <= 0) this.#processor.submit(request)
      else this.#pass(request)
      return
    }
    this.#held.push(request)
    this.#release()
  }

  /** A request has been answered: there may be room for one that is held. */
  onRoom(): void {
    if (this.held > 0) this.#clock.endOfTurn(() => this.#release())
  }

  /** What is held is never asked for any more. */
  stop(): void {
    this.#held = []
    this.#stall?.cancel()
    this.#stall = undefined
  }

  #release(): void {
    while (this.held > 0 && this.#processor.inFlight < this.#settings.requestThrottleMaxRequests) {
      this.#pass(this.#held[this.#released++])
    }
    this.#held.splice(0, this.#released)
    this.#released = 0
    if (this.#held.length === 0) {
      this.#stall?.cancel()
      this.#stall = undefined
      return
    }
    if (this.#stall !== undefined) return
    this.#events.onStall()
    // As Object.wait(0): an answer lets the next one go, and nothing else.
    if (this.#settings.requestThrottleStallTimeMs <= 0) return
    this.#stall = this.#clock.after(this.#settings.requestThrottleStallTimeMs, () => {
      this.#stall = undefined
      this.#release()
    })
  }

  #pass(request: Request): void {
    const { throttledOpWaitTimeMs } = this.#settings
    if (this.#settings.requestThrottleMaxRequests <= 0 && throttledOpWaitTimeMs <= 0) return this.#processor.submit(request)
    const waited = this.#clock.now() - request.receivedAt
    if (this.#settings.requestThrottleMaxRequests > 0 && this.#isStale(request, waited)) {
      if (this.#settings.requestThrottleDropStale) {
        this.#events.onStaleDropped(request)
        return
      }
      this.#events.onStale()
    }
    if (throttledOpWaitTimeMs > 0 && waited > throttledOpWaitTimeMs && isThrottleable(request)) {
      this.#events.onThrottled()
      this.#processor.submit({ ...request, fault: Code.THROTTLEDOP, takesZxid: false })
      return
    }
    this.#processor.submit(request)
  }

  /** The end of a session is never stale: it outlives the connection that asked for it. */
  #isStale({ client, op }: Request, waited: number): boolean {
    if (client === undefined || op.type === OpCode.closeSession) return false
    if (this.#settings.requestStaleConnectionCheck && !client.isOpen) return true
    return this.#settings.requestStaleLatencyCheck && waited > client.sessionTimeoutMs
  }
}

/** Not what keeps or ends a session, nor the answers that stand in line without being operations. */
function isThrottleable({ op }: Request): boolean {
  switch (op.type) {
    case OpCode.ping:
    case OpCode.createSession:
    case OpCode.closeSession:
    case OpCode.auth:
    case OpCode.sasl:
    case OpCode.error:
      return false
    default:
      return true
  }
}
