// What happens to an ensemble in one round, drawn from a seed: processes are killed and frozen, ways between members and to clients are cut, held in
// one direction or forgotten. Each trouble begins somewhere in the round and lasts for a while; at its end everything is healed.
import { setTimeout as pause } from 'node:timers/promises'
import type { SeededRandom } from '../../src/sim/seeded-random.ts'
import type { Ensemble } from '../ensemble/ensemble.ts'
import type { Member, Mode } from '../ensemble/member.ts'
import { CLIENTS } from './network.ts'
import type { Network } from './network.ts'
import type { WiredEnsemble } from './wired-ensemble.ts'

export const troubleKinds = [
  'kill',
  'kill all',
  'stop',
  'freeze',
  'cut one way',
  'cut off',
  'deaf',
  'mute',
  'one direction',
  'stall',
  'forget',
  'forget and kill',
  'clients cut off',
  'clients unheard',
] as const
export type TroubleKind = (typeof troubleKinds)[number]

export interface Trouble {
  readonly kind: TroubleKind
  /** Who suffers, if there is one; else anybody. */
  readonly victim: Mode
  /** Which of the others, for what happens between two. */
  readonly other: number
  readonly afterMs: number
  readonly forMs: number
}

export interface Round {
  readonly troubles: readonly Trouble[]
  /** What is held when the round ends never arrives. */
  readonly isLost: boolean
}

/** `patienceMs`: how long a leader and a learner wait for each other. */
export function drawRound(random: SeededRandom, patienceMs: number): Round {
  const troubles = Array.from({ length: random.pick([1, 1, 2, 3]) }, (): Trouble => {
    const kind = random.pick(troubleKinds)
    return {
      kind,
      victim: random.chance(0.6) ? 'leader' : 'follower',
      other: random.below(100),
      afterMs: random.below(600),
      // About as often noticed as not.
      forMs: random.between(0.2, 1.8) * patienceMs,
    }
  })
  return { troubles, isLost: random.chance(0.5) }
}

/** Plays the round and heals everything. Throws when a member has ended by itself. */
export async function playRound({ ensemble, network }: WiredEnsemble, round: Round): Promise<void> {
  const ended = new Set<Member>()
  await Promise.all(round.troubles.map((trouble) => suffer(ensemble, network, ended, trouble)))
  for (const member of ensemble.members) {
    member.signal('SIGCONT')
    if (member.isRunning) continue
    if (!ended.has(member)) throw new Error(`${member.name} has ended by itself`)
    await member.start()
  }
  network.heal(round.isLost)
}

async function suffer(ensemble: Ensemble, network: Network, ended: Set<Member>, { kind, victim, other, afterMs, forMs }: Trouble): Promise<void> {
  await pause(afterMs)
  const member = await choose(ensemble, victim, other)
  const id = member.place.id
  const others = ensemble.members.filter((one) => one !== member).map(({ place }) => place.id)
  const peer = others[other % others.length]
  const kill = async (one: Member): Promise<void> => {
    if (one.isRunning) ended.add(one)
    await one.kill()
  }
  switch (kind) {
    case 'kill':
      await kill(member)
      break
    case 'kill all':
      await Promise.all(ensemble.members.map(kill))
      break
    case 'stop':
      ended.add(member)
      await member.stop()
      break
    case 'freeze':
      member.signal('SIGSTOP')
      break
    case 'cut one way':
      network.cut(id, peer)
      break
    case 'cut off':
      for (const one of others) network.cut(id, one)
      break
    case 'deaf':
      for (const one of others) network.hold(one, id)
      break
    case 'mute':
      for (const one of others) network.hold(id, one)
      break
    case 'one direction':
      network.hold(id, peer)
      break
    case 'stall':
      for (const one of others) {
        network.hold(id, one)
        network.hold(one, id)
      }
      break
    case 'forget':
      for (const one of others) network.forget(id, one)
      break
    case 'forget and kill':
      for (const one of others) for (const third of others) if (one < third) network.forget(one, third)
      await kill(member)
      break
    case 'clients cut off':
      network.cut(CLIENTS, id)
      break
    case 'clients unheard':
      network.hold(CLIENTS, id)
      break
  }
  await pause(forMs)
}

async function choose({ members }: Ensemble, victim: Mode, other: number): Promise<Member> {
  const modes = await Promise.all(members.map((member) => member.mode()))
  const candidates = members.filter((_member, index) => modes[index] === victim)
  return candidates.length > 0 ? candidates[other % candidates.length] : members[other % members.length]
}
