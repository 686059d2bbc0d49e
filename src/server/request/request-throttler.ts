/**
 * Keeps the number of requests under way below a limit (RequestThrottler). Off by default, and then nothing more than
 * a call. A request that waited too long is answered with THROTTLEDOP instead of being executed.
 */
import { Code, OpCode } from '../codes.ts'
import type { Settings } from '../config/settings.ts'
import type { Clock } from '../host/host.ts'
import type { Request } from './request.ts'
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
  #held: Request[] = []
  #isStalling = false

  constructor(clock: Clock, settings: Settings, processor: RequestProcessor, events: ThrottleEvents) {
    this.#clock = clock
    this.#settings = settings
    this.#processor = processor
    this.#events = events
  }

  get held(): number {
    return this.#held.length
  }

  submit(request: Request): void {
    if (this.#settings.requestThrottleMaxRequests <= 0) return this.#pass(request)
    this.#held.push(request)
    if (!this.#isStalling) this.#release()
  }

  /** A request has been answered: there may be room for one that is held. */
  onRoom(): void {
    if (this.#held.length > 0) this.#clock.endOfTurn(() => this.#release())
  }

  #release(): void {
    let released = 0
    while (released < this.#held.length && this.#processor.inFlight < this.#settings.requestThrottleMaxRequests) {
      this.#pass(this.#held[released++]!)
    }
    this.#held.splice(0, released)
    if (this.#held.length === 0 || this.#isStalling) return
    this.#isStalling = true
    this.#events.onStall()
    this.#clock.after(this.#settings.requestThrottleStallTimeMs, () => {
      this.#isStalling = false
      this.#release()
    })
  }

  #pass(request: Request): void {
    const { throttledOpWaitTimeMs } = this.#settings
    const waited = this.#clock.now() - request.receivedAt
    if (throttledOpWaitTimeMs > 0 && waited > throttledOpWaitTimeMs && isThrottleable(request)) {
      this.#events.onThrottled()
      this.#processor.submit({ ...request, fault: Code.THROTTLEDOP, takesZxid: false })
      return
    }
    if (this.#settings.requestThrottleMaxRequests > 0 && this.#isStale(request, waited)) {
      this.#events.onStale()
      if (this.#settings.requestThrottleDropStale && request.op.type !== OpCode.closeSession) {
        this.#events.onStaleDropped(request)
        return
      }
    }
    this.#processor.submit(request)
  }

  #isStale({ client }: Request, waited: number): boolean {
    if (client === undefined) return false
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
