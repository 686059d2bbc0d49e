/** A machine: what outlives the processes on it. Its place in the network, its disk, and the clock that it tells them. */
import { SimDisk } from './sim-disk.ts'
import type { SimNetwork } from './sim-network.ts'
import type { World } from './world.ts'

const WORST_DRIFT = 0.002
const WORST_SKEW_MS = 3_600_000

export class SimMachine {
  readonly world: World
  readonly network: SimNetwork
  /** By which the network knows it. */
  readonly address: string
  readonly disk: SimDisk
  /** How fast its clocks run. */
  readonly clockRate: number
  /** How wrong the time of day is; moved by who sets it. */
  wallOffsetMs: number

  constructor(network: SimNetwork) {
    const { world } = network
    this.world = world
    this.network = network
    this.address = network.newAddress()
    this.disk = new SimDisk(world)
    this.clockRate = 1 + world.random.between(-WORST_DRIFT, WORST_DRIFT)
    this.wallOffsetMs = Math.floor(world.random.between(-WORST_SKEW_MS, WORST_SKEW_MS))
  }
}
