/** What happens to an ensemble and its clients between crashes, now and then, each kind if the plan has it. */
import { areaOf } from './crash-points.ts'
import type { LifePlan } from './plan.ts'
import type { SimClient } from './sim-client.ts'
import type { SimNetwork } from './sim-network.ts'
import type { SimProcess } from './sim-process.ts'

export const ENSEMBLE_TROUBLES = [
  'freeze member',
  'freeze leader',
  'freeze client',
  'step clock',
  'partition',
  'isolate',
  'one way',
  'cut',
  'cut here',
  'go deaf',
  'stall',
  'move client',
  'outage',
  'blackout',
  'hang disk',
  'stall in call',
  'slow wire',
  'spoil disk',
] as const

export type EnsembleTrouble = (typeof ENSEMBLE_TROUBLES)[number]

export interface TroubledEnsemble {
  readonly network: SimNetwork
  /** Alive. */
  readonly members: readonly SimProcess[]
  readonly leader: SimProcess | undefined
  readonly clients: readonly SimClient[]
  /** Ends a process, if it lives, and begins another one in its place; what is not said of how is drawn. */
  crash(member: SimProcess, how: Partial<LifePlan>): void
  /** The next call that the process makes to its disk takes so long. */
  stallInCall(member: SimProcess, ms: number): void
}

const LONGEST_CUT_OFF_MS = 4000
/** Then the system gives up what is not acknowledged, and tells the processes. */
const LONGEST_RETRANSMISSION_MS = 8000
/** Longer than syncLimit, whatever it is. */
const LONGEST_HANG_MS = 3000
const LONGEST_SLOW_MS = 6000
const LONGEST_SPOILED_MS = 4000

export function troubleEnsemble(kind: EnsembleTrouble, ensemble: TroubledEnsemble): void {
  const { network, members, leader, clients } = ensemble
  const { world } = network
  const { random } = world
  if (members.length === 0) return
  const member = random.pick(members)
  const client = random.pick(clients)
  const sockets = network.socketsOf(member)
  const ms = random.pick([100, 600, LONGEST_CUT_OFF_MS])
  world.journal.note(`trouble: ${kind}, ${member.name}`)
  switch (kind) {
    case 'freeze member':
      return member.freeze(random.pick([30, 300, 3000]))
    case 'freeze leader':
      return leader?.freeze(random.pick([30, 300, 3000]))
    case 'freeze client':
      return client.process.freeze(random.pick([30, 300, 3000]))
    case 'step clock':
      member.machine.wallOffsetMs += Math.floor(random.between(-3_600_000, 3_600_000))
      return
    case 'partition': {
      const isLeft = new Set(members.filter(() => random.chance(0.5)))
      for (const from of members) {
        for (const to of members) if (isLeft.has(from) !== isLeft.has(to)) cutOff(network, from, to, ms)
      }
      return
    }
    case 'isolate': {
      const alone = leader !== undefined && random.chance(0.7) ? leader : member
      for (const other of members) {
        if (other === alone) continue
        cutOff(network, alone, other, ms)
        cutOff(network, other, alone, ms)
      }
      return
    }
    case 'one way': {
      const others = members.filter((other) => other !== member)
      if (others.length === 0) return
      const other = random.pick(others)
      return cutOff(network, member, other, ms)
    }
    case 'cut':
      return sockets.length > 0 ? random.pick(sockets).cut() : undefined
    case 'cut here':
    case 'go deaf': {
      if (sockets.length === 0) return
      const socket = random.pick(sockets)
      if (kind === 'cut here') socket.cutHere()
      else socket.goDeaf()
      world.after(random.between(500, LONGEST_RETRANSMISSION_MS), () => socket.cut())
      return
    }
    case 'stall':
      return sockets.length > 0 ? random.pick(sockets).stall(random.between(0, 1500)) : undefined
    case 'move client':
      return client.socket?.cut()
    case 'outage':
      return outage(ensemble)
    case 'blackout':
      return blackout(ensemble)
    case 'hang disk':
      return member.machine.disk.hang(random.pick([100, 1000, LONGEST_HANG_MS]))
    case 'stall in call':
      return ensemble.stallInCall(random.chance(0.4) ? (leader ?? member) : member, random.pick([30, 300, 3000]))
    case 'slow wire': {
      const others = members.filter((other) => other !== member)
      if (others.length === 0) return
      const other = random.pick(others)
      return network.slowDown(member.machine.address, other.machine.address, random.pick([1000, 5000, 30_000]), random.between(200, LONGEST_SLOW_MS))
    }
    case 'spoil disk':
      return spoil(member, ensemble)
  }
}

/** Two go, one of them for long; the other comes back to a leader that has gone on without them, and that goes next. */
function outage({ network, members, leader, crash }: TroubledEnsemble): void {
  const { world } = network
  const { random } = world
  const others = members.filter((member) => member !== leader)
  if (leader === undefined || others.length < 2) return
  const late = random.pick(others)
  const early = random.pick(others.filter((other) => other !== late))
  const [pauseMs, downMs, togetherMs] = [random.between(0, 600), random.between(200, 1500), random.between(100, 800)]
  crash(late, { downMs: random.between(2000, 5000) })
  world.after(pauseMs, () => crash(early, { downMs }))
  world.after(pauseMs + downMs + togetherMs, () => crash(leader, { downMs: random.between(1000, 4000) }))
}

/** All lose their power at once, each keeps what its disk makes of that, and they come back one after the other. */
function blackout({ network, members, crash }: TroubledEnsemble): void {
  const { random } = network.world
  const survival = random.pick(['nothing', 'some', undefined] as const)
  for (const member of members) {
    crash(member, { crash: 'power', survival: survival ?? random.pick(['everything', 'nothing', 'some']), downMs: random.between(50, 1500), fault: undefined })
  }
}

/** Sectors of a file that the server may want to read, at its next start, which may come at once, or for a learner. */
function spoil(member: SimProcess, { crash }: TroubledEnsemble): void {
  const { world, machine } = member
  const { random } = world
  const { disk } = machine
  const area = random.pick(['log', 'snapshot', 'snapshot'] as const)
  const files = [...disk.names.paths()].filter((path) => areaOf(path) === area)
  if (files.length === 0) return
  disk.spoil(random.chance(0.7) ? files.sort().at(-1)! : random.pick(files), random)
  const ms = random.between(100, LONGEST_SPOILED_MS)
  world.after(ms, () => disk.repair())
  if (random.chance(0.6)) crash(member, { crash: 'process', downMs: ms / 3, fault: undefined })
}

function cutOff(network: SimNetwork, from: SimProcess, to: SimProcess, ms: number): void {
  network.cutOff(from.machine.address, to.machine.address, ms)
}
