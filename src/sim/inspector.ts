/**
 * What lies on a disk, looked at from outside: whether the files are whole, what a recovery makes of them. Between its
 * crashes a simulation looks at many steps into what a loss of power would leave there, and nobody notices.
 */
import { pino } from 'pino'
import { maxRecordLength } from '../server/config/settings.ts'
import type { Settings } from '../server/config/settings.ts'
import { finish } from '../server/host/disk-work.ts'
import { ReplicaImage } from '../server/replica/replica-image.ts'
import { Replica } from '../server/replica/replica.ts'
import { SessionTable } from '../server/session/session-table.ts'
import { dataDirs } from '../server/storage/data-dirs.ts'
import type { DataDirs } from '../server/storage/data-dirs.ts'
import type { RecoveryTarget } from '../server/storage/image.ts'
import { recover } from '../server/storage/recovery.ts'
import type { Ledger } from './ledger.ts'
import { SeededRandom } from './seeded-random.ts'
import type { SimDisk } from './sim-disk.ts'
import type { SimInode, Survival } from './sim-inode.ts'
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

const TREE_CHANCE = 0.25

const NOWHERE: RecoveryTarget = {
  clear: () => undefined,
  startEmpty: () => undefined,
  session: () => undefined,
  acl: () => undefined,
  node: () => undefined,
  loaded: () => undefined,
  replay: () => undefined,
}
const SILENT = pino({ level: 'silent' })

export class Inspector {
  /** Where they were. */
  readonly looks: string[] = []
  readonly dirs: DataDirs
  readonly process: SimProcess
  readonly #settings: Settings
  readonly #ledger: Ledger
  /** Of its own, so that a history is the same with looks and without. */
  readonly #random: SeededRandom
  /** Snapshots that were found whole when nothing could be lost of them any more. */
  readonly #whole = new WeakSet<SimInode>()
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
    const checked: SimInode[] = []
    checkSurvivingFiles(disk.files, this.dirs, (path) => {
      const inode = disk.names.get(path)!
      if (inode.isSettled) checked.push(inode)
      return this.#whole.has(inode)
    })
    for (const inode of checked) this.#whole.add(inode)
  }

  /** A step of the server, at which the power might go. */
  onStep(disk: SimDisk, where: string, what = ''): void {
    const chance = this.#steps++ < FIRST_STEPS ? FIRST_CHANCE : LATER_CHANCE
    // Without forceSync nothing is promised for a loss of power.
    if (!this.#settings.forceSync || this.#looksOfLife >= MOST_LOOKS_PER_LIFE || !this.#random.chance(chance)) return
    this.#looksOfLife++
    this.looks.push(where)
    const survival = this.#random.pick(SURVIVALS)
    try {
      this.#look(disk.survivor(survival, this.#random))
    } catch (error) {
      this.process.world.fail(new Violation(`had the power gone ${where}${what}, and left ${survival}: ${(error as Error).message}`))
    }
  }

  /** Where the history ends that a loss of power would leave now at the least. */
  durableZxid(): bigint {
    return this.#recover(this.process.machine.disk.survivor('nothing', this.#random), NOWHERE)
  }

  #look(disk: SimDisk): void {
    const { lastApplied } = this.#ledger
    this.checkFiles(disk)
    // To build a tree takes longer than all the rest.
    const replica = this.#random.chance(TREE_CHANCE) ? this.#newReplica() : undefined
    const lastZxid = this.#recover(disk, replica === undefined ? NOWHERE : new ReplicaImage(replica))
    if (lastZxid < lastApplied) throw new Violation(`zxid ${lastApplied} was applied, and ${lastZxid} is brought back`)
    // What was logged and not applied is not known to the ledger yet.
    if (replica === undefined || lastZxid > lastApplied) return
    if (lastZxid === 0n) replica.startEmpty()
    replica.dropOrphans()
    compareWithLedger(replica, this.#ledger)
  }

  #newReplica(): Replica {
    const { clock } = this.process
    const onDigestMismatch = (zxid: bigint): never => {
      throw new Violation(`the digest of zxid ${zxid} does not match`)
    }
    const sessions = new SessionTable(this.#settings.tickTime, 1, 0)
    return new Replica({ clock, random: new SeededRandom(0) }, this.#settings, sessions, { onDigestMismatch })
  }

  /** The zxid that a start would go on from. */
  #recover(disk: SimDisk, target: RecoveryTarget): bigint {
    const { snapshotTrustEmpty, dbAutocreate } = this.#settings
    const host = { clock: this.process.clock, disk: disk.look(), log: SILENT }
    // Before the first start the directories are not there, and the disk may hang between them.
    const { logDirectory, snapshotDirectory } = this.dirs
    if ([logDirectory, snapshotDirectory].some((directory) => disk.files.stat(directory) === undefined)) return 0n
    const options = { dirs: this.dirs, maxLength: maxRecordLength(this.#settings), trustEmptySnapshot: snapshotTrustEmpty, autocreateDb: dbAutocreate }
    return finish(recover(host, options, target)).lastZxid
  }
}
