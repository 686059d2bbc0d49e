/** Settings that hold back clients, requests and memory. */
import { booleanProperty, doubleProperty, intProperty, numeric, property } from './key-table.ts'
import type { KeyTable } from './key-table.ts'
import { decodeInt32 } from './java-values.ts'

export interface ThrottleSettings {
  /** Requests in flight above which connections with outstanding requests are not read. `globalOutstandingLimit` */
  readonly globalOutstandingLimit: number
  /** Requests let into the pipeline; 0 = any number. `request_throttle_max_requests` */
  readonly requestThrottleMaxRequests: number
  /** Longest wait of the throttler before it looks again, ms. `request_throttle_stall_time` */
  readonly requestThrottleStallTimeMs: number
  /** The throttler drops stale requests. `request_throttle_drop_stale` */
  readonly requestThrottleDropStale: boolean
  /** A request older than its session's timeout is stale. `request_stale_latency_check` */
  readonly requestStaleLatencyCheck: boolean
  /** A request whose connection is closed is stale. `request_stale_connection_check` */
  readonly requestStaleConnectionCheck: boolean
  /** Time the throttler gets to empty itself at the end, ms. `request_throttler.shutdownTimeout` */
  readonly requestThrottlerShutdownTimeoutMs: number
  /** A request that waited longer in the throttler is answered -127, ms; 0 = off. `throttled_op_wait_time` */
  readonly throttledOpWaitTimeMs: number
  /** Size of the token bucket for new sessions; 0 = off. `connection_throttle_tokens` */
  readonly connectionThrottleTokens: number
  /** Milliseconds between refills of the bucket. `connection_throttle_fill_time` */
  readonly connectionThrottleFillTimeMs: number
  /** Tokens of a refill. `connection_throttle_fill_count` */
  readonly connectionThrottleFillCount: number
  /** Milliseconds between changes of the drop probability; -1 = off. `connection_throttle_freeze_time` */
  readonly connectionThrottleFreezeTimeMs: number
  /** Step by which the drop probability grows. `connection_throttle_drop_increase` */
  readonly connectionThrottleDropIncrease: number
  /** Step by which the drop probability falls. `connection_throttle_drop_decrease` */
  readonly connectionThrottleDropDecrease: number
  /** Share of free tokens above which it falls. `connection_throttle_decrease_ratio` */
  readonly connectionThrottleDecreaseRatio: number
  /** Kinds of session cost different numbers of tokens. `connection_throttle_weight_enabled` */
  readonly connectionThrottleWeightEnabled: boolean
  /** Tokens of a new global session. `connection_throttle_global_session_weight` */
  readonly connectionThrottleGlobalSessionWeight: number
  /** Tokens of a new local session. `connection_throttle_local_session_weight` */
  readonly connectionThrottleLocalSessionWeight: number
  /** Tokens of a session that comes back. `connection_throttle_renew_session_weight` */
  readonly connectionThrottleRenewSessionWeight: number
  /** Requests of more bytes count as large; -1 = none does. `largeRequestThreshold` */
  readonly largeRequestThreshold: number
  /** Bytes of large requests in flight at once. `largeRequestMaxBytes` */
  readonly largeRequestMaxBytes: number
  /** getData answers kept encoded; 0 = none. `maxResponseCacheSize` */
  readonly maxResponseCacheSize: number
  /** getChildren answers kept encoded; 0 = none. `maxGetChildrenResponseCacheSize` */
  readonly maxGetChildrenResponseCacheSize: number
}

export const throttleDefaults: ThrottleSettings = {
  globalOutstandingLimit: 1000,
  requestThrottleMaxRequests: 0,
  requestThrottleStallTimeMs: 100,
  requestThrottleDropStale: true,
  requestStaleLatencyCheck: false,
  requestStaleConnectionCheck: true,
  requestThrottlerShutdownTimeoutMs: 10_000,
  throttledOpWaitTimeMs: 0,
  connectionThrottleTokens: 0,
  connectionThrottleFillTimeMs: 1,
  connectionThrottleFillCount: 1,
  connectionThrottleFreezeTimeMs: -1,
  connectionThrottleDropIncrease: 0.02,
  connectionThrottleDropDecrease: 0.002,
  connectionThrottleDecreaseRatio: 0,
  connectionThrottleWeightEnabled: false,
  connectionThrottleGlobalSessionWeight: 3,
  connectionThrottleLocalSessionWeight: 1,
  connectionThrottleRenewSessionWeight: 2,
  largeRequestThreshold: -1,
  largeRequestMaxBytes: 100 * 1024 * 1024,
  maxResponseCacheSize: 400,
  maxGetChildrenResponseCacheSize: 400,
}

export const throttleKeys: KeyTable<ThrottleSettings> = {
  globalOutstandingLimit: intProperty('globalOutstandingLimit'),
  requestThrottleMaxRequests: intProperty('request_throttle_max_requests'),
  requestThrottleStallTimeMs: intProperty('request_throttle_stall_time'),
  requestThrottleDropStale: booleanProperty('request_throttle_drop_stale'),
  requestStaleLatencyCheck: booleanProperty('request_stale_latency_check'),
  requestStaleConnectionCheck: booleanProperty('request_stale_connection_check'),
  requestThrottlerShutdownTimeoutMs: intProperty('request_throttler.shutdownTimeout'),
  throttledOpWaitTimeMs: intProperty('throttled_op_wait_time'),
  connectionThrottleTokens: intProperty('connection_throttle_tokens'),
  connectionThrottleFillTimeMs: intProperty('connection_throttle_fill_time'),
  connectionThrottleFillCount: intProperty('connection_throttle_fill_count'),
  connectionThrottleFreezeTimeMs: intProperty('connection_throttle_freeze_time'),
  connectionThrottleDropIncrease: doubleProperty('connection_throttle_drop_increase'),
  connectionThrottleDropDecrease: doubleProperty('connection_throttle_drop_decrease'),
  connectionThrottleDecreaseRatio: doubleProperty('connection_throttle_decrease_ratio'),
  connectionThrottleWeightEnabled: booleanProperty('connection_throttle_weight_enabled'),
  connectionThrottleGlobalSessionWeight: intProperty('connection_throttle_global_session_weight'),
  connectionThrottleLocalSessionWeight: intProperty('connection_throttle_local_session_weight'),
  connectionThrottleRenewSessionWeight: intProperty('connection_throttle_renew_session_weight'),
  largeRequestThreshold: numeric(
    property('largeRequestThreshold', (value, remarks) => {
      const number = decodeInt32(value)
      if (number === undefined || number === -1 || number > 0) return number
      remarks.warnings.push(`Invalid large request threshold ${number}. It should be -1 or positive. Setting to -1 `)
      return undefined
    }),
  ),
  largeRequestMaxBytes: numeric(
    property('largeRequestMaxBytes', (value, remarks) => {
      const number = decodeInt32(value)
      if (number === undefined || number > 0) return number
      remarks.warnings.push(`Invalid max bytes for all large requests ${number}. It should be a positive number.`)
      return undefined
    }),
  ),
  maxResponseCacheSize: intProperty('maxResponseCacheSize'),
  maxGetChildrenResponseCacheSize: intProperty('maxGetChildrenResponseCacheSize'),
}
