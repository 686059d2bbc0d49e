/** What happens to a server and its clients between crashes, now and then, each kind if the plan has it. */
import type { SimClient } from './sim-client.ts'
import type { SimNetwork } from './sim-network.ts'
import type { SimProcess } from './sim-process.ts'

export const TROUBLES = [
  'freeze server',
  'freeze client',
  'step clock',
  'cut',
  'cut at client',
  'cut at server',
  'lose requests',
  'lose answers',
  'cut off',
  'stall',
  'half close',
  'stop reading',
] as const

export type TroubleKind = (typeof TROUBLES)[number]

export interface Troubled {
  readonly network: SimNetwork
  readonly server: SimProcess | undefined
  readonly clients: readonly SimClient[]
}

const LONGEST_INTERVAL_MS = 500
const LONGEST_CUT_OFF_MS = 3000

/** Begins to make trouble; goes on until `isOver` says so. */
export function makeTrouble(kinds: readonly TroubleKind[], target: () => Troubled, isOver: () => boolean): void {
  const { world } = target().network
  if (kinds.length === 0) return
  world.after(world.random.between(0, LONGEST_INTERVAL_MS), () => {
    if (isOver()) return
    trouble(world.random.pick(kinds), target())
    makeTrouble(kinds, target, isOver)
  })
}

function trouble(kind: TroubleKind, { network, server, clients }: Troubled): void {
  const { world } = network
  const { random } = world
  if (server === undefined || !server.isAlive) return
  const client = random.pick(clients)
  const atServer = network.socketsOf(server)
  world.journal.note(`trouble: ${kind}`)
  switch (kind) {
    case 'freeze server':
      return server.freeze(random.pick([30, 300, 3000]))
    case 'freeze client':
      return client.process.freeze(random.pick([30, 300, 3000]))
    case 'step clock':
      server.machine.wallOffsetMs += Math.floor(random.between(-3_600_000, 3_600_000))
      return
    case 'cut':
      return client.socket?.cut()
    case 'cut at client':
      return client.socket?.cutHere()
    case 'cut at server':
      if (atServer.length > 0) random.pick(atServer).cutHere()
      return
    case 'lose requests':
      return client.socket?.goDeaf()
    case 'lose answers':
      if (atServer.length > 0) random.pick(atServer).goDeaf()
      return
    case 'cut off': {
      const ends = [client.process.machine.address, server.machine.address] as const
      const ms = random.between(0, LONGEST_CUT_OFF_MS)
      for (const [from, to] of [ends, ends.toReversed() as [string, string]]) if (random.chance(0.7)) network.cutOff(from, to, ms)
      return
    }
    case 'stall':
      if (atServer.length > 0) random.pick(atServer).stall(random.between(0, 1500))
      return
    case 'half close':
      return client.socket?.halfClose()
    case 'stop reading': {
      const { socket } = client
      socket?.pause()
      world.after(random.between(0, 1500), () => socket?.resume())
      return
    }
  }
}
