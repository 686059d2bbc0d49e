/**
 * What lies on a disk, looked at from outside: whether the files are whole, what a recovery makes of them. Between its
 * crashes a simulation looks at many steps into what a loss of power would leave there, and nobody notices.
 */
import { pino } from 'pino'
import type { Settings } from '../server/config/settings.ts'
import { Replica } from '../server/replica.ts'
import { ReplicaImage } from '../server/replica-image.ts'
import { SessionTable } from '../server/session/session-table.ts'
import { dataDirs } from '../server/storage/data-dirs.ts'
import type { DataDirs } from '../server/storage/data-dirs.ts'
import { recover } from '../server/storage/recovery.ts'
import type { Ledger } from './ledger.ts'
import { SeededRandom } from './seeded-random.ts'
import type { SimDisk } from './sim-disk.ts'
import type { Survival } from './sim-inode.ts'
import type { SimMachine } from './sim-machine.ts'
import { SimProcess } from './sim-process.ts'
import { checkSurvivingFiles } from './surviving-files.ts'
import { compareWithLedger } from './tree-text.ts'
import { Violation } from './world.ts'

/** A life's first steps are those in which it relies on what the one before has left. */
const FIRST_STEPS = 24
const FIRST_CHANCE = 0.3
const LATER_CHANCE = 0.01
const MOST_LOOKS_PER_LIFE = 25
const SURVIVALS: readonly Survival[] = ['nothing', 'nothing', 'nothing', 'some', 'some', 'everything']

const SILENT = pino({ level: 'silent' })

export class Inspector {
  looks = 0
  readonly dirs: DataDirs
  readonly process: SimProcess
  readonly #settings: Settings
  readonly #ledger: Ledger
  /** Of its own, so that a history is the same with looks and without. */
  readonly #random: SeededRandom
  #steps = 0
  #looksOfLife = 0

  constructor(machine: SimMachine, settings: Settings, ledger: Ledger, seed: number) {
    this.dirs = dataDirs(settings.dataDir, settings.dataLogDir)
    this.process = new SimProcess(machine, 'inspector')
    this.#settings = settings
    this.#ledger = ledger
    this.#random = new SeededRandom(~seed)
  }

  onNewLife(): void {
    this.#steps = 0
    this.#looksOfLife = 0
  }

  /** Whatever a crash has left, files under their final names are whole. */
  checkFiles(disk: SimDisk): void {
    checkSurvivingFiles(disk.mount(this.process), this.dirs)
  }

  /** A step of the server, at which the power might go. */
  onStep(disk: SimDisk, where: string): void {
    const chance = this.#steps++ < FIRST_STEPS ? FIRST_CHANCE : LATER_CHANCE
    // Without forceSync nothing is promised for a loss of power.
    if (!this.#settings.forceSync || this.#looksOfLife >= MOST_LOOKS_PER_LIFE || !this.#random.chance(chance)) return
    this.#looksOfLife++
    this.looks++
    const survival = this.#random.pick(SURVIVALS)
    try {
      this.#look(disk.survivor(survival, this.#random))
    } catch (error) {
      this.process.world.fail(new Violation(`had the power gone ${where}, and left ${survival}: ${(error as Error).message}`))
    }
  }

  #look(disk: SimDisk): void {
    const ledger = this.#ledger
    this.checkFiles(disk)
    const replica = this.#recover(disk)
    const { lastProcessedZxid } = replica
    if (lastProcessedZxid < ledger.lastApplied) throw new Violation(`zxid ${ledger.lastApplied} was applied, and ${lastProcessedZxid} is brought back`)
    // What was logged and not applied is not known to the ledger yet.
    if (lastProcessedZxid === ledger.lastApplied) compareWithLedger(replica, ledger)
  }

  #recover(disk: SimDisk): Replica {
    const settings = this.#settings
    const { clock } = this.process
    const host = { clock, disk: disk.mount(this.process), log: SILENT, random: new SeededRandom(0) }
    const onDigestMismatch = (zxid: bigint): never => {
      throw new Violation(`the digest of zxid ${zxid} does not match`)
    }
    const replica = new Replica(host, settings, new SessionTable(settings.tickTime, 1, 0), { onDigestMismatch })
    // Before the first start the directories are not there.
    if (!host.disk.exists(this.dirs.logDirectory)) return replica
    const recovery = recover(
      host,
      {
        dirs: this.dirs,
        maxLength: settings.juteMaxBuffer + settings.juteMaxBufferExtraSize,
        trustEmptySnapshot: settings.snapshotTrustEmpty,
        autocreateDb: settings.dbAutocreate,
      },
      new ReplicaImage(replica),
    )
    if (recovery.kind !== 'restored') replica.startEmpty()
    replica.dropOrphans()
    return replica
  }
}
