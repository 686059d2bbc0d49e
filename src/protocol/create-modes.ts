/** What the flags of a create mean (CreateMode). */
export interface CreateMode {
  readonly ephemeral: boolean
  readonly sequential: boolean
  readonly container: boolean
  readonly ttl: boolean
}

/** CreateMode by its flag number: an enumeration, not a set of bits. */
export const CREATE_MODES: readonly CreateMode[] = [
  { ephemeral: false, sequential: false, container: false, ttl: false },
  { ephemeral: true, sequential: false, container: false, ttl: false },
  { ephemeral: false, sequential: true, container: false, ttl: false },
  { ephemeral: true, sequential: true, container: false, ttl: false },
  { ephemeral: false, sequential: false, container: true, ttl: false },
  { ephemeral: false, sequential: false, container: false, ttl: true },
  { ephemeral: false, sequential: true, container: false, ttl: true },
]

export const CONTAINER_FLAG = 4

export const TTL_FLAG = 5

export function isCreateFlag(flags: number): boolean {
  return flags >= 0 && flags < CREATE_MODES.length
}
