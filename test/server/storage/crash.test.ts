// The process or the machine dies between any two steps on the disk: what was acknowledged is recovered, whatever of the
// rest survives.
import { beforeAll, describe, expect, it } from 'vitest'
import type { Disk, DiskDone, DiskFile } from '../../../src/server/host/host.ts'
import { dataDirs } from '../../../src/server/storage/data-dirs.ts'
import { isUnfinished } from '../../../src/server/storage/file-names.ts'
import { recover } from '../../../src/server/storage/recovery.ts'
import { purge } from '../../../src/server/storage/purge.ts'
import { SnapshotWriter } from '../../../src/server/storage/snapshot-writer.ts'
import { TxnLog } from '../../../src/server/storage/txn-log.ts'
import { changedDisk, changedOpen } from '../../support/changed-disk.ts'
import { DIRECTORY, Image, MAX_LENGTH, sampleImage, TestHost, txn } from './support.ts'

type Step =
  | { readonly kind: 'create'; readonly path: string; readonly file: number }
  | { readonly kind: 'write'; readonly file: number; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly file: number; readonly length: number }
  | { readonly kind: 'synced'; readonly file: number }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'names synced' }
  | { readonly kind: 'acknowledged'; readonly zxid: bigint }

/** Writes down every step, and works. */
class JournalDisk {
  readonly steps: Step[] = []
  #files = 0

  wrap(disk: Disk): Disk {
    const journal = (step: Step) => void this.steps.push(step)
    return changedDisk(disk, {
      open: changedOpen(disk, (file, path, mode) => (mode === 'create' ? this.#created(file, path) : {})),
      rename: (from, to, done) => {
        journal({ kind: 'rename', from, to })
        disk.rename(from, to, done)
      },
      renameAndSync: (from, to, done) => {
        journal({ kind: 'rename', from, to })
        disk.renameAndSync(
          from,
          to,
          after(done, () => journal({ kind: 'names synced' })),
        )
      },
      remove: (path, done) => {
        journal({ kind: 'remove', path })
        disk.remove(path, done)
      },
      syncDirectory: (path, done) =>
        disk.syncDirectory(
          path,
          after(done, () => journal({ kind: 'names synced' })),
        ),
    })
  }

  #created(opened: DiskFile, path: string): Partial<DiskFile> {
    const file = this.#files++
    const { steps } = this
    steps.push({ kind: 'create', path, file })
    return {
      write: (position, bytes, done) => {
        steps.push({ kind: 'write', file, position, bytes: Uint8Array.from(bytes) })
        opened.write(position, bytes, done)
      },
      writeAndSync: (position, bytes, done) => {
        steps.push({ kind: 'write', file, position, bytes: Uint8Array.from(bytes) })
        opened.writeAndSync(
          position,
          bytes,
          after(done, () => steps.push({ kind: 'synced', file })),
        )
      },
      sync: (done) => opened.sync(after(done, () => steps.push({ kind: 'synced', file }))),
      truncate: (length, done) => {
        steps.push({ kind: 'truncate', file, length })
        opened.truncate(length, done)
      },
    }
  }
}

function after(done: DiskDone, first: () => void): DiskDone {
  return (error) => {
    first()
    done(error)
  }
}

/** What a crash leaves of what was not synced. */
type Survival = 'all of it' | 'half of the last write' | 'zeros for it' | 'nothing of it' | 'names but not contents' | 'contents but not names'

/** The disk after the first steps of the journal and a crash. */
function imageOf(steps: readonly Step[], survival: Survival): TestHost {
  const keepsBytes = survival === 'all of it' || survival === 'contents but not names'
  const keepsNames = survival !== 'nothing of it' && survival !== 'contents but not names'
  const namesUpTo = keepsNames ? steps.length : steps.findLastIndex(({ kind }) => kind === 'names synced')
  const contents = new Map<number, Uint8Array>()
  const names = new Map<string, number>()
  steps.forEach((step, index) => {
    const durable = (file: number) => steps.findLastIndex((other) => other.kind === 'synced' && other.file === file) > index
    if (step.kind === 'create') {
      contents.set(step.file, new Uint8Array(0))
      // A name that is given away by a later rename is not looked at by anybody.
      names.set(step.path, step.file)
    } else if (step.kind === 'write') {
      const survives = keepsBytes || durable(step.file)
      if (survives) put(contents, step.file, step.position, step.bytes)
      else if (survival === 'half of the last write') put(contents, step.file, step.position, step.bytes.subarray(0, step.bytes.length / 2))
      else if (survival === 'zeros for it') put(contents, step.file, step.position, new Uint8Array(step.bytes.length))
    } else if (step.kind === 'truncate') {
      if (keepsBytes || durable(step.file) || survival === 'zeros for it') put(contents, step.file, step.length, new Uint8Array(0))
    } else if (step.kind === 'rename' && index <= namesUpTo) {
      names.set(step.to, names.get(step.from)!)
      names.delete(step.from)
    } else if (step.kind === 'remove' && index <= namesUpTo) {
      names.delete(step.path)
    }
  })
  const host = new TestHost()
  for (const [path, file] of names) host.write(path, contents.get(file)!)
  return host
}

/** Writes into a file that grows with zeros. */
function put(contents: Map<number, Uint8Array>, file: number, position: number, bytes: Uint8Array): void {
  const old = contents.get(file)!
  const grown = new Uint8Array(Math.max(old.length, position + bytes.length))
  grown.set(old)
  grown.set(bytes, position)
  contents.set(file, grown)
}

const DIRS = dataDirs('/data')
const SURVIVALS: Survival[] = ['all of it', 'half of the last write', 'zeros for it', 'nothing of it', 'names but not contents', 'contents but not names']

/** A server's life: first snapshot, txns in groups, rolls, snapshots meanwhile, a purge. */
function live(): Step[] {
  const host = new TestHost()
  const journal = new JournalDisk()
  host.disk = journal.wrap(host.memory)
  const image = sampleImage()
  image.zxid = 0n
  const logOptions = { preAllocSizeBytes: 512, forceSync: true, txnLogSizeLimitBytes: 0, fsyncWarningThresholdMs: 1000 }
  const log = new TxnLog(host, { directory: DIRECTORY, ...logOptions })
  const options = { directory: DIRECTORY, compression: '', digestEnabled: true, serializeLastProcessedZxid: true } as const
  const snapshots = new SnapshotWriter(host, options, (zxid, done) => log.whenDurable(zxid, done))
  const snapshot = () => snapshots.write(image, (error) => expect(error).toBeUndefined())
  snapshot()
  host.settle()
  journal.steps.push({ kind: 'acknowledged', zxid: 0n })
  for (let zxid = 1n; zxid <= 36n; zxid++) {
    log.append(zxid, txn(zxid, 60))
    log.commit(() => {
      image.zxid = zxid
      image.zxidDigest = { zxid, version: 2, value: zxid }
      journal.steps.push({ kind: 'acknowledged', zxid })
    })
    if (zxid % 6n === 0n) {
      log.roll()
      snapshot()
    }
    // Sometimes the next one comes while this one is being written.
    if (zxid % 3n === 0n) host.settle()
    else host.step()
    if (zxid === 20n || zxid === 33n) host.finish(purge(host.disk, DIRS, 3, { onRemoving: () => undefined, onFailed: () => expect.unreachable() }))
  }
  host.settle()
  return journal.steps
}

describe('a crash', () => {
  let steps: Step[]

  beforeAll(() => {
    steps = live()
    expect(steps.filter(({ kind }) => kind === 'rename').length).toBeGreaterThan(6)
    expect(steps.filter(({ kind }) => kind === 'remove').length).toBeGreaterThan(1)
  })

  it.each(SURVIVALS)('of which %s survives loses nothing that was acknowledged', (survival) => {
    let acknowledged = -1n
    for (let count = 0; count <= steps.length; count++) {
      const last = steps[count - 1]
      if (last?.kind === 'acknowledged') acknowledged = last.zxid
      if (acknowledged < 0n) continue
      const host = imageOf(steps.slice(0, count), survival)
      for (const name of host.names()) {
        // Whatever else, no Java server must find a log that is shorter than its header.
        if (!isUnfinished(name)) expect(host.size(`${DIRECTORY}/${name}`), `${name} after ${count} steps`).toBeGreaterThanOrEqual(16)
      }
      const image = new Image()
      const options = { dirs: DIRS, maxLength: MAX_LENGTH, trustEmptySnapshot: false, autocreateDb: true }
      const { lastZxid } = host.finish(recover(host, options, image))
      expect(lastZxid, `after ${count} steps`).toBeGreaterThanOrEqual(acknowledged)
      expect(image.replayed).toEqual(image.replayed.map((_zxid, index) => image.info!.zxid + 1n + BigInt(index)))
    }
  })
})
