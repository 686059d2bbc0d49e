/**
 * A token bucket for new connections (BlueThrottle): each handshake takes tokens, by kind of session when weights are
 * on; who finds none is turned away. Adaptive dropping kicks in at a set interval. Off by default.
 */
import type { Settings } from '../config/settings.ts'
import type { Host } from '../host/host.ts'

export class ConnectionThrottle {
  readonly #host: Host
  readonly #settings: Settings
  #tokens: number
  #filledAt: number
  #frozenAt: number
  #dropChance = 0

  constructor(host: Host, settings: Settings) {
    this.#host = host
    this.#settings = settings
    this.#tokens = settings.connectionThrottleTokens
    this.#filledAt = host.clock.now()
    this.#frozenAt = this.#filledAt
  }

  get dropChance(): number {
    return this.#dropChance
  }

  /** Tokens missing from a full bucket. */
  get deficit(): number {
    return this.#settings.connectionThrottleTokens - this.#tokens
  }

  admits(isNewSession: boolean): boolean {
    const s = this.#settings
    if (s.connectionThrottleTokens <= 0) return true
    const weight = !s.connectionThrottleWeightEnabled ? 1 : isNewSession ? s.connectionThrottleGlobalSessionWeight : s.connectionThrottleRenewSessionWeight
    const now = this.#host.clock.now()
    this.#fill(now)
    this.#freeze(now)
    if (this.#dropChance > 0 && this.#host.random.below(1_000_000) / 1_000_000 < this.#dropChance) return false
    if (this.#tokens < weight) return false
    this.#tokens -= weight
    return true
  }

  #fill(now: number): void {
    const { connectionThrottleFillTimeMs, connectionThrottleFillCount, connectionThrottleTokens } = this.#settings
    const elapsed = now - this.#filledAt
    if (elapsed <= connectionThrottleFillTimeMs) return
    this.#filledAt = now
    // In Java 0 ends every handshake, with a division by zero.
    const refill = Math.floor((elapsed * connectionThrottleFillCount) / Math.max(1, connectionThrottleFillTimeMs))
    this.#tokens = Math.min(connectionThrottleTokens, this.#tokens + refill)
  }

  /** An empty bucket has more dropped, one that is as good as full fewer; in between all stays as it is. */
  #freeze(now: number): void {
    const s = this.#settings
    if (s.connectionThrottleFreezeTimeMs === -1 || now - this.#frozenAt <= s.connectionThrottleFreezeTimeMs) return
    this.#frozenAt = now
    const threshold = Math.round(s.connectionThrottleTokens * s.connectionThrottleDecreaseRatio)
    if (this.#tokens === 0) this.#dropChance = Math.min(1, this.#dropChance + s.connectionThrottleDropIncrease)
    else if (this.deficit <= threshold) this.#dropChance = Math.max(0, this.#dropChance - s.connectionThrottleDropDecrease)
  }
}
