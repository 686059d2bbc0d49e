/**
 * Everything that can be set about a server, as one frozen object that is passed to constructors: there are no globals,
 * so several servers with different settings fit into one process. The groups hold a line for each field with its unit
 * and its key in zoo.cfg.
 */
import { authDefaults, authKeys } from './auth-settings.ts'
import type { AuthSettings } from './auth-settings.ts'
import { clientPortDefaults, clientPortKeys } from './client-port-settings.ts'
import type { ClientPortSettings } from './client-port-settings.ts'
import type { KeyTable } from './key-table.ts'
import { operatorDefaults, operatorKeys } from './operator-settings.ts'
import type { OperatorSettings } from './operator-settings.ts'
import { quorumDefaults, quorumKeys } from './quorum-settings.ts'
import type { QuorumSettings } from './quorum-settings.ts'
import { storageDefaults, storageKeys } from './storage-settings.ts'
import type { StorageSettings } from './storage-settings.ts'
import { throttleDefaults, throttleKeys } from './throttle-settings.ts'
import type { ThrottleSettings } from './throttle-settings.ts'
import { defaultTurnLimits } from './turn-limits.ts'
import type { TurnLimits } from './turn-limits.ts'

interface SourceSettings {
  /** All properties in force by their full names, for keys without a field of their own (TLS, SASL). May hold passwords. */
  readonly properties: ReadonlyMap<string, string>
  /** The file as it was read; undefined = there was none. */
  readonly configText: string | undefined
}

/** What no file sets. */
interface InnerSettings {
  readonly turns: TurnLimits
}

export interface Settings
  extends ClientPortSettings, StorageSettings, AuthSettings, ThrottleSettings, OperatorSettings, QuorumSettings, SourceSettings, InnerSettings {}

const defaults: Settings = {
  ...clientPortDefaults,
  ...storageDefaults,
  ...authDefaults,
  ...throttleDefaults,
  ...operatorDefaults,
  ...quorumDefaults,
  properties: new Map(),
  configText: undefined,
  turns: defaultTurnLimits,
}

export const settingKeys: KeyTable<Omit<Settings, keyof SourceSettings | keyof InnerSettings>> = {
  ...clientPortKeys,
  ...storageKeys,
  ...authKeys,
  ...throttleKeys,
  ...operatorKeys,
  ...quorumKeys,
}

/** The settings of a server of which nothing is set but the overrides. No client port is opened unless they name one. */
export function defaultSettings(overrides: Partial<Settings> = {}): Settings {
  const given = { ...defaults, ...overrides }
  return Object.freeze({
    ...given,
    dataLogDir: given.dataLogDir === '' ? given.dataDir : given.dataLogDir,
    minSessionTimeout: given.minSessionTimeout === -1 ? given.tickTime * 2 : given.minSessionTimeout,
    maxSessionTimeout: given.maxSessionTimeout === -1 ? given.tickTime * 20 : given.maxSessionTimeout,
    juteMaxBufferExtraSize: Math.max(1024, given.juteMaxBufferExtraSize === -1 ? given.juteMaxBuffer : given.juteMaxBufferExtraSize),
    maxWriteQueuePollTimeMs: given.maxWriteQueuePollTimeMs === -1 ? Math.trunc(given.flushDelayMs / 3) : given.maxWriteQueuePollTimeMs,
    ...throttleWeights(given),
  })
}

/** Of a record in a file or between servers, a txn with its header and digest among them, bytes. */
export function maxRecordLength(settings: Pick<Settings, 'juteMaxBuffer' | 'juteMaxBufferExtraSize'>): number {
  return settings.juteMaxBuffer + settings.juteMaxBufferExtraSize
}

/** As BlueThrottle: weights are above zero, and none is below that of a local session. */
function throttleWeights(given: Settings): Partial<Settings> {
  const local = given.connectionThrottleLocalSessionWeight
  const atLeastLocal = (weight: number, whenInvalid: number): number => (weight <= 0 ? whenInvalid : Math.max(weight, local))
  return {
    connectionThrottleGlobalSessionWeight: atLeastLocal(given.connectionThrottleGlobalSessionWeight, 3),
    connectionThrottleLocalSessionWeight: local <= 0 ? 1 : local,
    connectionThrottleRenewSessionWeight: atLeastLocal(given.connectionThrottleRenewSessionWeight, 2),
  }
}
