/** What must hold of an ensemble once all is healed: everybody is served, sessions live as long as their clients and no longer, all stop. */
import type { EnsembleServer } from '../quorum/member/ensemble-server.ts'
import type { Settings } from '../server/config/settings.ts'
import type { EnsembleChecks, MemberRecord } from './ensemble-checks.ts'
import type { EnsembleClients } from './ensemble-clients.ts'
import type { ServerLife } from './server-life.ts'
import type { SimMachine } from './sim-machine.ts'
import type { SimNetwork } from './sim-network.ts'
import { Violation } from './world.ts'
import type { World } from './world.ts'

/** Everybody is served again within this time. */
const LONGEST_RECOVERY_MS = 30_000
/** Then the clients go, and their sessions end. */
const LONGEST_EXPIRY_MS = 30_000
const LONGEST_STOP_MS = 15_000
const MOST_RESTARTS = 4
/** As a snapCount: half of it, at least, are in each log file. */
const FEW_TXNS = 4
const SHORT_INIT_MS = 2500

export interface Member extends MemberRecord {
  readonly machine: SimMachine
  readonly settings: Settings
  life: ServerLife<EnsembleServer> | undefined
}

export interface HealedEnsemble {
  readonly world: World
  readonly network: SimNetwork
  readonly members: readonly Member[]
  readonly clients: EnsembleClients
  readonly checks: EnsembleChecks
  /** Ends a member's life, if it has one, and begins the next. */
  restart(member: Member): void
}

/** The latest, where one that was cut off does not know yet that there is another. */
export function leaderOf({ members }: Pick<HealedEnsemble, 'members'>): Member | undefined {
  const leading = members.filter(({ server }) => server?.role?.kind === 'leading' && server.role.phase === 'broadcast')
  return leading.reduce<Member | undefined>((latest, next) => (latest === undefined || epochOf(next) > epochOf(latest) ? next : latest), undefined)
}

function epochOf({ server }: Member): bigint {
  return server!.epochs.current
}

/** Every client is answered a write or a sync, and every member has a role. */
export function checkServed(ensemble: HealedEnsemble, when: string, limitMs = LONGEST_RECOVERY_MS): void {
  const { world, clients, members } = ensemble
  clients.served.clear()
  const isServed = (): boolean => clients.unserved.length === 0 && members.every(({ server }) => server?.role?.phase === 'broadcast')
  const comesBack = (): boolean => world.runUntil(isServed, limitMs)
  if (comesBack()) return
  // Each restart of the leader brings the next epoch, and a voter may have promised itself to one that is some further.
  for (let restarts = 0; restarts < MOST_RESTARTS && restartLeaderThatBars(ensemble); restarts++) if (comesBack()) return
  if (calmWhereLogsRoll(ensemble) && comesBack()) return
  const left = clients.unserved.map(({ name }) => name)
  const states = members.map(({ id, server, life }) => {
    return `${id} ${server?.role === undefined ? `looking (${life?.state.kind})` : `${server.role.kind} ${server.role.phase}`}`
  })
  throw new Violation(`${when} ${limitMs} ms ago; not served: ${left.join(', ') || 'nobody'}; servers: ${states.join(', ')}`)
}

/**
 * As an operator would, where the leader's epoch is below one that a voter has promised itself to and whose leader never came to lead: that voter
 * has to wait for the next one. False where it is not that.
 */
function restartLeaderThatBars(ensemble: HealedEnsemble): boolean {
  const leader = leaderOf(ensemble)
  const isBarred = ({ server }: Member): boolean => server !== undefined && server.epochs.accepted > leader!.server!.epochs.current
  if (leader === undefined || !ensemble.members.some(isBarred)) return false
  ensemble.restart(leader)
  return true
}

/**
 * A disk here rolls a log file in 2 ms. A member that rolls every few txns and was away for a second needs longer than a short initLimit to log what
 * clients write meanwhile at full speed, and so it stays behind; once they write less it has to come back. False where logs do not roll that often.
 */
function calmWhereLogsRoll({ members, clients }: HealedEnsemble): boolean {
  const isSlow = members.some(({ settings: { snapCount, initLimit, tickTime } }) => snapCount <= FEW_TXNS && initLimit * tickTime < SHORT_INIT_MS)
  if (isSlow) clients.calm()
  return isSlow
}

/** The clients go without a word: their sessions end, with them their ephemerals, and all members are the same. */
export function checkExpiry({ world, members, clients, checks }: HealedEnsemble): void {
  for (const client of clients.all) client.vanish()
  const isQuiet = (): boolean =>
    members.every((member) => {
      const { server } = member
      return checks.isUpToDate(member) && server!.sessions.size === 0 && server!.replica.tree.ephemeralCount === 0
    })
  if (!world.runUntil(isQuiet, LONGEST_EXPIRY_MS)) {
    const left = members.map(({ id, server }) => `${id}: ${server?.sessions.size} and ${server?.replica.tree.ephemeralCount}`)
    throw new Violation(`sessions and ephemerals outlive their clients: ${left.join(', ')}`)
  }
  checks.checkEqual()
}

export function stopAll({ world, members }: HealedEnsemble): void {
  let stopped = 0
  for (const { life } of members) {
    life!.process.deliver(() =>
      life!.server!.stop(() => {
        stopped++
        life!.process.kill()
      }),
    )
  }
  if (!world.runUntil(() => stopped === members.length, LONGEST_STOP_MS)) throw new Violation('not every server stops')
}
