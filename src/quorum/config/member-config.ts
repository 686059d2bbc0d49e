/**
 * The configuration of one member over its life: read from its settings, its tree and what it has seen before, told by leaders and by
 * notifications, put in force and kept. It changes its version only (QuorumPeer.processReconfig and setLastSeenQuorumVerifier without the rest).
 */
import { hex } from '../../base/hex.ts'
import { ConfigRefused } from '../../server/config/config-refused.ts'
import type { Settings } from '../../server/config/settings.ts'
import type { DiskWork } from '../../server/host/disk-work.ts'
import type { Host } from '../../server/host/host.ts'
import { CurrentConfig } from './current-config.ts'
import { parseQuorumConfig } from './quorum-config.ts'
import type { QuorumConfig } from './quorum-config.ts'
import { SeenConfig } from './seen-config.ts'
import type { Seen } from './seen-config.ts'

/** Java writes the version last. */
const VERSION = /(?:^|\n)version=([0-9a-f]{1,16})\s*$/

export interface MemberConfigParts {
  readonly host: Pick<Host, 'disk' | 'clock' | 'log'>
  readonly settings: Settings
  readonly own: QuorumConfig
  /** `version-2` below dataDir. */
  readonly directory: string
  /** The members are others now: this server may not take part any more. Called from inside `accepts` and `hear`. */
  onOutdated(message: string, config: QuorumConfig, isCertain: boolean): void
  /** Another version is in force. */
  onAdopted(): void
  /** From now on this server has a vote, or has none, for the ensemble has added it, or does not list it. Called from inside `accepts`, `hear` and `adopt`. */
  onListed(isListed: boolean): void
}

export class MemberConfig {
  readonly current: CurrentConfig
  readonly #parts: MemberConfigParts
  readonly #seen: SeenConfig
  #isListed = true
  /** The last newer version with other members that a notification told and that was not heeded. */
  #ignored = 0n

  constructor(parts: MemberConfigParts) {
    const { host, settings, own, directory } = parts
    this.#parts = parts
    this.#seen = new SeenConfig(host, directory)
    this.current = new CurrentConfig({
      self: BigInt(settings.serverId!),
      own,
      client: { host: settings.clientPortAddress, port: settings.clientPort },
      isDynamic: settings.reconfigEnabled,
    })
  }

  /** What this server has seen in the lives before. `inTree`: the text of `/zookeeper/config` as it was loaded. Throws ConfigRefused. */
  *recall(inTree: string): DiskWork<void> {
    const seen = yield* this.#seen.read()
    // It had ended over a configuration that is not in force.
    if (seen !== undefined) this.#recallOne(seen.config, seen.isInForce)
    if (seen?.isInForce === true) this.current.adopt()
    const config = parsed(inTree)
    // A txn in the log may not have been committed.
    if (config !== undefined) this.#recallOne(config, true)
    this.#isListed = this.current.isListed
    if (!this.#isListed) this.#logListed()
  }

  #recallOne(config: QuorumConfig, mayUnlist: boolean): void {
    const heard = this.current.hear(config, mayUnlist)
    if (heard.kind === 'other') throw new ConfigRefused('config', this.#message(config, heard.changes))
  }

  /**
   * Of configurations that the leader has, or is about to have, the newest counts. False where its members are others, or where this server has no
   * vote from now on. `isChange`: a txn has made one of them. This server ends over one that takes it out.
   */
  accepts(texts: readonly string[], isChange: boolean): boolean {
    let newest: QuorumConfig | undefined
    for (const text of texts) {
      const config = parsed(text)
      if (config === undefined) this.#parts.host.log.warn('The leader tells a configuration that cannot be read, and it is left out')
      else if (newest === undefined || config.version > newest.version) newest = config
    }
    if (newest === undefined) return true
    const heard = this.current.hear(newest, !isChange)
    if (heard.kind === 'unlisted') this.#tellListed()
    if (heard.kind !== 'other') return heard.kind !== 'unlisted'
    this.#parts.onOutdated(this.#message(newest, heard.changes), newest, true)
    return false
  }

  /**
   * What another server says in a notification, which anybody can send. As in Java it counts while this server looks for a leader and with
   * `reconfigEnabled`; but a leader may always know of a newer version of the same members. False where it counts, and the members are others or this
   * server has no vote from now on.
   */
  hear(from: bigint, text: string | undefined, isLooking: boolean): boolean {
    const version = versionIn(text)
    if (version <= this.current.inForce.version) return true
    const config = version > this.current.newest.version && version !== this.#ignored ? parsed(text!) : undefined
    const heard = config === undefined ? undefined : this.current.hear(config, this.current.isDynamic && isLooking)
    if (heard?.kind === 'other') return this.#hearOther(from, config!, heard.changes, isLooking)
    if (isLooking && version === this.current.newest.version) this.adopt()
    return heard?.kind !== 'unlisted'
  }

  #hearOther(from: bigint, config: QuorumConfig, changes: readonly string[], isLooking: boolean): boolean {
    const message = this.#message(config, changes)
    if (this.current.isDynamic && isLooking) {
      this.#parts.onOutdated(message, config, false)
      return false
    }
    this.#ignored = config.version
    this.#parts.host.log.warn(
      `Server ${from} has another configuration, version ${hex(config.version)}, and this server goes on with its own: ${changes.join(', ')}`,
    )
    return true
  }

  /** The newest that was accepted comes into force. */
  adopt(): void {
    const { host } = this.#parts
    if (this.current.adopt()) {
      const { inForce } = this.current
      host.log.info(`The configuration has version ${hex(inForce.version)}`)
      this.#parts.onAdopted()
      this.#keep({ config: inForce, isInForce: true }, () => {})
    }
    this.#tellListed()
  }

  /** The next start must find it, with `reconfigEnabled` or without: who has no vote does not begin with one. */
  #tellListed(): void {
    const { newest, isListed } = this.current
    if (isListed === this.#isListed) return
    this.#isListed = isListed
    this.#logListed()
    this.#keep({ config: newest, isInForce: true }, () => {})
    this.#parts.onListed(isListed)
  }

  #logListed(): void {
    const { newest, isListed } = this.current
    const version = hex(newest.version)
    if (isListed) this.#parts.host.log.info(`The ensemble lists this server by its membership of version ${version}: it has a vote`)
    else
      this.#parts.host.log.warn(
        `The ensemble does not list this server in its membership of version ${version}: it goes on without a vote until the ensemble adds it`,
      )
  }

  /** So that the next start finds it: durable before `done`, or the disk does not take it. */
  keepOther(config: QuorumConfig, done: () => void): void {
    this.#keep({ config, isInForce: false }, done)
  }

  #keep(seen: Seen, done: () => void): void {
    this.#seen.write(seen, (error) => {
      if (error !== undefined) this.#parts.host.log.warn(error, `${this.#seen.path} is not written`)
      done()
    })
  }

  whenIdle(done: () => void): void {
    this.#seen.whenIdle(done)
  }

  #message(config: QuorumConfig, changes: readonly string[]): string {
    const [theirs, ours] = [hex(config.version), hex(this.current.newest.version)]
    return (
      `The ensemble has a membership of version ${theirs} that is not the one of this server (version ${ours}): ${changes.join(', ')}. ` +
      `This server cannot change its members while it runs, so it ends, and does not vote before its configuration is that one. ` +
      `Give it these lines in the place of its own (in zoo.cfg or in the file that dynamicConfigFile names) and start it again: ${config.lines.join(' ')} ` +
      `(If the lines that it has are the newer ones, tell it so by a version above ${theirs}: as version= beside them in zoo.cfg, or behind the last dot of the file's name.)`
    )
  }
}

function versionIn(text: string | undefined): bigint {
  const digits = text === undefined ? undefined : VERSION.exec(text)?.[1]
  return digits === undefined ? 0n : BigInt.asIntN(64, BigInt(`0x${digits}`))
}

/** Undefined where it is none. */
function parsed(text: string): QuorumConfig | undefined {
  try {
    return text === '' ? undefined : parseQuorumConfig(text)
  } catch (error) {
    if (!(error instanceof ConfigRefused)) throw error
    return undefined
  }
}
