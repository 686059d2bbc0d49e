// The settings under which a run compares the two servers. Each seed takes one; together they reach every answer that a standalone server gives.
import { createHash } from 'node:crypto'

export interface Configuration {
  readonly name: string
  /** Lines of zoo.cfg, the same for both servers. */
  readonly settings: Readonly<Record<string, string>>
  /** System properties of both servers. */
  readonly properties: Readonly<Record<string, string>>
  /** Auth data that makes a connection the superuser's. */
  readonly superAuth?: string
  /** Writes are checked against quotas by committed usage: two of them may not be under way at once. */
  readonly quotas?: boolean
  readonly digest?: boolean
  readonly ttl?: boolean
}

const SUPER_USER = 'super:secret'

/** The id that the digest scheme gives to auth data. */
export function digestId(userAndPassword: string, algorithm = 'sha1'): string {
  const user = userAndPassword.split(':', 1)[0]
  return `${user}:${createHash(algorithm).update(userAndPassword).digest('base64')}`
}

/** Shortest session timeout that can be had, in ms: only a session that is meant to expire asks for it. */
export const MIN_SESSION_TIMEOUT_MS = 4_000
/** Longest session timeout, in ms: sessions must outlast the run, however slow the machine. */
export const MAX_SESSION_TIMEOUT_MS = 3_600_000

const common: Record<string, string> = {
  tickTime: '500',
  minSessionTimeout: String(MIN_SESSION_TIMEOUT_MS),
  maxSessionTimeout: String(MAX_SESSION_TIMEOUT_MS),
  // Nothing here is about durability.
  forceSync: 'no',
  // Java's reply cache knows a node's state by its Stat alone, and quota usage changes without it: it would answer with old text.
  maxResponseCacheSize: '0',
}

/** Nodes must go when a request says so, not when a minute is over. */
const properties = { 'znode.container.checkIntervalMs': '100000000' }

const superSettings = { 'DigestAuthenticationProvider.superDigest': digestId(SUPER_USER) }

export const configurations: readonly Configuration[] = [
  { name: 'default', settings: common, properties, digest: true },
  { name: 'extended', settings: { ...common, ...superSettings, extendedTypesEnabled: 'true' }, properties, superAuth: SUPER_USER, digest: true, ttl: true },
  {
    name: 'quotas',
    settings: { ...common, ...superSettings, extendedTypesEnabled: 'true', enforceQuota: 'true' },
    properties,
    superAuth: SUPER_USER,
    digest: true,
    ttl: true,
    quotas: true,
  },
  { name: 'superuser', settings: { ...common, ...superSettings, reconfigEnabled: 'true' }, properties, superAuth: SUPER_USER, digest: true },
  { name: 'no digest', settings: { ...common, 'DigestAuthenticationProvider.enabled': 'false', extendedTypesEnabled: 'true' }, properties, ttl: true },
  { name: 'no acl', settings: { ...common, skipACL: 'yes', 'DigestAuthenticationProvider.digestAlg': 'SHA-256' }, properties, digest: true },
]

/** The configuration that a seed runs under. */
export function configurationOf(seed: number): Configuration {
  return configurations[seed % configurations.length]
}
