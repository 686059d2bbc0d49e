/**
 * Keys of zoo.cfg that Java accepts and that change nothing: some look right and are read by nobody, some tune threads
 * and buffers this server does not have. Each gets a notice at start, so that nobody wonders; unknown keys get none, as
 * in Java.
 */

/** Names from Apache's guide that nothing reads, with the name that works. */
const misnamed: ReadonlyMap<string, string> = new Map([
  ['connectionMaxTokens', 'connection_throttle_tokens'],
  ['connectionTokenFillTime', 'connection_throttle_fill_time'],
  ['connectionTokenFillCount', 'connection_throttle_fill_count'],
  ['connectionFreezeTime', 'connection_throttle_freeze_time'],
  ['connectionDropIncrease', 'connection_throttle_drop_increase'],
  ['connectionDropDecrease', 'connection_throttle_drop_decrease'],
  ['connectionDecreaseRatio', 'connection_throttle_decrease_ratio'],
  ['requestThrottleLimit', 'request_throttle_max_requests'],
  ['requestThrottleStallTime', 'request_throttle_stall_time'],
  ['requestThrottleDropStale', 'request_throttle_drop_stale'],
  ['requestStaleLatencyCheck', 'request_stale_latency_check'],
  ['requestStaleConnectionCheck', 'request_stale_connection_check'],
  ['throttledOpWaitTime', 'throttled_op_wait_time'],
  ['advancedFlowControlEnabled', 'netty.advancedFlowControl.enabled'],
  ['outstandingHandshake.limit', 'netty.server.outstandingHandshake.limit'],
  ['maxConcurrentSnapSyncs', 'leader.maxConcurrentSnapSyncs'],
  ['maxConcurrentDiffSyncs', 'leader.maxConcurrentDiffSyncs'],
  ['maxTimeToWaitForEpoch', 'leader.maxTimeToWaitForEpoch'],
  ['requireClientAuthScheme', 'enforce.auth.schemes'],
])

/** Honoured as `-D` only. */
const COMMAND_LINE_ONLY = /^(?:readonlymode\.enabled|znode\.container\..*|java\.security\.auth\.login\.config)$/

const withoutMeaning = new RegExp(
  `^(?:${[
    'quorum\\.cnxn\\.threads\\.size',
    'watchManagerName|watcherCleanThreadsNum|watcherCleanThreshold|watcherCleanIntervalInSeconds',
    'maxInProcessingDeadWatchers|bitHashCacheSize|intBufferStartingSizeBytes',
    'commitProcessor\\..*',
    'nio\\.(?:numSelectorThreads|numWorkerThreads|directBufferBytes|shutdownTimeout)',
    'messageTracker\\..*|pathStats\\..*',
    'learner\\.asyncSending|learner\\.closeSocketAsync|leader\\.closeSocketAsync',
    'forward_learner_requests_to_commit_processor_disabled|follower\\.skipLearnerRequestToNextProcessor',
    'leader\\.nodelay|follower\\.nodelay',
    'testingonly\\.initialZxid|test\\.allowDiscontinuousProposals|controllerPort|jmx\\..*',
    'netty\\.advancedFlowControl\\.enabled|ssl\\.sslProvider',
  ].join('|')})$`,
)

/** The notice for a key that has no effect; undefined = it has one, or nobody knows it. */
export function noticeForKey(key: string): string | undefined {
  if (key.startsWith('zookeeper.')) {
    return `${key} has no effect in a configuration file, where names go without the prefix: write ${key.slice('zookeeper.'.length)}`
  }
  const working = misnamed.get(key)
  if (working !== undefined) return `${key} has no effect; the key that works is ${working}`
  if (COMMAND_LINE_ONLY.test(key)) return `${key} has no effect in a configuration file: set -D${key}=… in SERVER_JVMFLAGS`
  if (withoutMeaning.test(key)) return `${key} is accepted and ignored: it tunes what this server does not have`
  return undefined
}
