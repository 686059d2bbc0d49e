// Servers that do not keep what they say, each in one way.
import type { Edit } from '../peers/patched-package.ts'

export interface Defect {
  readonly name: string
  readonly edits: readonly Edit[]
  /** What a finding says. */
  readonly found: RegExp
  readonly config?: Readonly<Record<string, string>>
  /** Shows after a kill and a restart. */
  readonly restarted?: boolean
}

const appliedBeforeLogged: readonly Edit[] = [
  { file: 'server/server-core.js', find: 'this.#pending.push(txn);', replace: 'this.#pending.push(txn); txn.early = this.replica.apply(txn);' },
  { file: 'server/server-core.js', find: 'const result = this.replica.apply(txn);', replace: 'const result = txn.early;' },
  { file: 'server/server-core.js', find: "assert(header.zxid > this.replica.lastProcessedZxid, 'txns are applied in ascending order of zxid');", replace: '' },
]

export const defects: readonly Defect[] = [
  {
    name: 'writes are answered before the sync',
    edits: [
      {
        file: 'server/server-core.js',
        find: 'this.#log.commit(() => {',
        replace: 'this.onLogged(upTo); this.#log.commit(() => { return;',
      },
    ],
    found: /a write tells of 0x\w+ while only 0x\w+ is durable/,
  },
  {
    name: 'writes are answered after their sync, but reads see them before',
    edits: appliedBeforeLogged,
    found: /a (read|notification) tells of 0x\w+ while only 0x\w+ is durable/,
  },
  {
    name: 'nothing is synced',
    edits: [{ file: 'server/host/node-disk.js', find: 'fs.fdatasync(this.#fd, told(done));', replace: 'setImmediate(told(done), null);' }],
    found: /gets its name before it is synced/,
  },
  {
    name: 'no directory is synced after a file got its name',
    edits: [{ file: 'server/host/node-disk.js', find: 'syncDirectory(path.dirname(to), done);', replace: 'done(undefined);' }],
    found: /while only nothing is durable/,
  },
  {
    name: 'the directory is synced after the first snapshot, but not after a log',
    edits: [
      {
        file: 'server/host/node-disk.js',
        find: 'syncDirectory(path.dirname(to), done);',
        replace: "to.includes('/log.') ? done(undefined) : syncDirectory(path.dirname(to), done);",
      },
    ],
    found: /while only 0x0 is durable/,
  },
  {
    name: 'a log that is left for the next is not synced',
    edits: [
      {
        file: 'server/storage/txn-log.js',
        find: 'const before = this.#open;',
        replace: 'const before = this.#open; batch.target.isLeft = index < batches.length - 1;',
      },
      {
        file: 'server/storage/log-file.js',
        find: 'if (this.#options.forceSync)\n            file.writeAndSync',
        replace: 'if (this.#options.forceSync && !this.isLeft)\n            file.writeAndSync',
      },
    ],
    found: /a write tells of 0x\w+ while only 0x\w+ is durable/,
  },
  {
    name: 'a snapshot gets its name before it is synced',
    edits: [{ file: 'server/storage/snapshot-writer.js', find: '#finish(file) {\n        file.sync(', replace: '#finish(file) {\n        setImmediate(' }],
    found: /snapshot\.\w+ gets its name before it is synced/,
  },
  {
    name: 'a snapshot gets its name before the log is as far as what is in it',
    edits: [
      ...appliedBeforeLogged,
      { file: 'server/storage/snapshot-writer.js', find: 'this.#whenDurable(this.#lastZxid, () => this.#publish());', replace: 'this.#publish();' },
    ],
    config: { flushDelay: '100', maxWriteQueuePollTime: '100' },
    found: /snapshot\.\w+ holds txns up to 0x\w+, the log up to 0x/,
  },
  {
    name: 'the first log does not wait for the first snapshot',
    edits: [
      {
        file: 'server/server-core.js',
        find: 'return this.writeSnapshot(() => done(undefined));',
        replace: '{ setTimeout(() => this.writeSnapshot(), 300); return done(undefined); }',
      },
    ],
    found: /while only nothing is durable/,
  },
  {
    name: 'version-2 is synced into its directory neither when it is made nor at a start',
    edits: [
      { file: 'server/host/node-disk.js', find: 'syncDirectory(path.dirname(level), (syncError)', replace: 'setImmediate((syncError)' },
      { file: 'server/storage/sync-recovered.js', find: 'new Set([dataDir, dataLogDir, snapshotDirectory, logDirectory])', replace: '[snapshotDirectory]' },
    ],
    found: /while only nothing is durable/,
  },
  {
    name: 'a start serves what it has found without syncing it',
    edits: [
      {
        file: 'server/server-core.js',
        find: 'if (this.settings.forceSync)\n            run(syncRecovered',
        replace: 'if (false)\n            run(syncRecovered',
      },
    ],
    found: /tells of 0x\w+ while only \w+ is durable/,
    restarted: true,
  },
  {
    name: 'snapshots are written under their own name',
    edits: [{ file: 'server/storage/snapshot-writer.js', find: '${options.directory}/${unfinishedName(name)}', replace: '${options.directory}/${name}' }],
    found: /snapshot\.\w+ is made under its own name/,
  },
  {
    name: 'the purge removes all logs',
    edits: [
      {
        file: 'server/storage/purge.js',
        find: 'oldLogs(yield* wait.list(files, dirs.logDirectory), oldestKept.zxid)',
        replace: "older(yield* wait.list(files, dirs.logDirectory), 'log', 1n << 62n)",
      },
      // The snapshot of a start, which is written beside the purge, would hold what the logs held.
      {
        file: 'server/server-core.js',
        find: 'this.writeSnapshot();\n            done(undefined);',
        replace: 'setTimeout(() => this.writeSnapshot(), 1000);\n            done(undefined);',
      },
    ],
    config: { 'autopurge.purgeInterval': '1' },
    found: /without log\.\w+ only 0x\w+ can be recovered, 0x\w+ could/,
    restarted: true,
  },
]
