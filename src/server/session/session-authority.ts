/** Who knows whether a session is alive: the server that decides, or the leader that it follows. */
export interface SessionAuthority {
  /** It may know of a session before the session's txn has come here. */
  readonly isElsewhere: boolean
  /** A client comes back to a session that this server knows or not; the answer comes now or later. */
  revalidate(id: bigint, timeoutMs: number, answer: (isAlive: boolean) => void): void
  /** A session's client here gave a sign of life. */
  onTouched(id: bigint, timeoutMs: number): void
}

/** A server that decides by itself: its own table says everything. */
export const localSessions: SessionAuthority = {
  isElsewhere: false,
  revalidate: (_id, _timeoutMs, answer) => answer(true),
  onTouched: () => {},
}
