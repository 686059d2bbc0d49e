// Reads the trace of a server and says what in it could cost somebody a txn: that is the proof, from outside and from the system's point of view,
// that nothing is told before it is safe. The rules:
//
// - No frame leaves a socket that tells of a txn (by its zxid or by a stat) or of a new session that a loss of power at this moment would take back.
// - Logs and snapshots appear under their name complete and synced, and stay when the server has ended in order.
// - No snapshot appears before the log is durable up to the last txn that is in it.
// - Nothing is taken away that is needed to recover what could be recovered with it.
// - What failed to be synced is not synced again, and after a failure nothing more is written to a log.
import { basename } from 'node:path'
import { Conversation } from './conversation.ts'
import type { Told } from './conversation.ts'
import { digestZxid, namedZxid, Recoverable } from './recoverable.ts'
import { descriptorOf, lastNumberOf, readTrace, stringsOf, subjectOf } from './trace.ts'
import type { Call } from './trace.ts'
import { TracedFile } from './volatile-disk.ts'
import type { VolatileDisk } from './volatile-disk.ts'

export interface TraceReport {
  /** What is wrong, in words; each kind of mistake a few times at most. */
  readonly findings: readonly string[]
  /** Frames that were looked at. */
  readonly told: Readonly<Record<Told['what'], number>>
  /** Syncs of files and directories that ended well. */
  readonly syncs: number
  /** Logs and snapshots that got their name, in order. */
  readonly appeared: readonly string[]
  /** Logs and snapshots that were removed. */
  readonly removed: readonly string[]
  /** Calls that were made to fail, with the file that they were about. */
  readonly injected: readonly string[]
}

const FINDINGS_PER_RULE = 3

/** `disk` as it was before the server started. `isEnded`: the server had the time to bring everything to an end. */
export function checkTrace(text: string, disk: VolatileDisk, isEnded: boolean): TraceReport {
  const checker = new TraceChecker(disk)
  for (const { kind, call } of readTrace(text)) {
    if (kind === 'begin') checker.onBegin(call)
    else checker.onEnd(call)
  }
  checker.onTraceEnded()
  if (isEnded) checker.onServerEnded()
  return checker
}

class TraceChecker implements TraceReport {
  readonly findings: string[] = []
  readonly told = { handshake: 0, write: 0, read: 0, notification: 0 }
  syncs = 0
  readonly appeared: string[] = []
  readonly removed: string[] = []
  readonly injected: string[] = []

  readonly #disk: VolatileDisk
  readonly #recoverable: Recoverable
  readonly #conversations = new Map<string, Conversation>()
  /** Writes to sockets that have begun, with the newest txn that was durable then. */
  readonly #safeAtBegin = new Map<Call, bigint>()
  /** Syncs that have begun, with how far they reach. */
  readonly #syncing = new Map<Call, { readonly entry: Parameters<VolatileDisk['settle']>[0]; readonly mark: number; readonly path: string }>()
  #logFailed = false
  /** How often each rule was broken. */
  readonly #broken = new Map<string, number>()

  constructor(disk: VolatileDisk) {
    this.#disk = disk
    this.#recoverable = new Recoverable(disk)
    this.#recoverable.update()
  }

  onBegin(call: Call): void {
    switch (call.name) {
      case 'write':
      case 'writev':
      case 'sendto':
      case 'sendmsg':
        if (isSocket(call)) this.#safeAtBegin.set(call, this.#recoverable.zxid)
        break
      case 'fsync':
      case 'fdatasync':
        this.#beginSync(call, descriptorOf(call))
        break
      case 'pwrite64':
        if (this.#logFailed && isLog(descriptorOf(call))) this.#find('writes on', `${basename(descriptorOf(call))} is written to after a log could not be`)
        break
      case 'rename':
      case 'renameat':
      case 'renameat2':
        this.#beginRename(stringsOf(call).map(String))
        break
    }
  }

  onEnd(call: Call): void {
    if (call.injected) this.injected.push(`${call.name} ${subjectOf(call)}`)
    if (call.error !== undefined && !['EAGAIN', 'ENOENT', 'EEXIST', 'EINTR'].includes(call.error) && isLog(subjectOf(call))) this.#logFailed = true
    if (call.name === 'fsync' || call.name === 'fdatasync') this.#endSync(call)
    if (call.error !== undefined) this.#safeAtBegin.delete(call)
    if (!(call.result >= 0)) return
    switch (call.name) {
      case 'read':
      case 'recvfrom':
        if (isSocket(call)) this.#conversationOf(call).onRequests(stringsOf(call)[0])
        break
      case 'write':
      case 'writev':
      case 'sendto':
      case 'sendmsg':
        if (isSocket(call)) this.#onSent(call)
        break
      case 'close':
        this.#conversations.delete(descriptorOf(call))
        break
      case 'io_uring_setup':
        this.#find('unseen', 'calls go through io_uring, where nobody sees them')
        break
      case 'sync':
      case 'syncfs':
        this.#find('unseen', `${call.name} is not understood here`)
        break
      default:
        this.#onFileCall(call)
    }
  }

  /** What the process died in may have gone out. */
  onTraceEnded(): void {
    for (const call of this.#safeAtBegin.keys()) this.#onSent(call)
  }

  onServerEnded(): void {
    for (const path of this.#disk.fleetingNames()) if (isStored(path)) this.#find('name', `the name ${basename(path)} was never synced`)
  }

  #onFileCall(call: Call): void {
    const file = this.#disk.file(descriptorOf(call))
    switch (call.name) {
      case 'open':
      case 'openat':
      case 'creat':
        return this.#onOpened(call, String(stringsOf(call)[0]))
      case 'pwrite64':
        return file?.change({ kind: 'write', at: lastNumberOf(call), bytes: stringsOf(call)[0].subarray(0, call.result) })
      case 'ftruncate': {
        const length = lastNumberOf(call)
        const isShorter = file !== undefined && length < file.content.length
        file?.change({ kind: 'truncate', length })
        if (isShorter) this.#onTakenAway(descriptorOf(call))
        return
      }
      case 'mkdir':
      case 'mkdirat':
        return this.#disk.makeDirectory(String(stringsOf(call)[0]))
      case 'rename':
      case 'renameat':
      case 'renameat2': {
        const [from, to] = stringsOf(call).map(String)
        this.#disk.rename(from, to)
        if (isStored(to)) this.appeared.push(basename(to))
        return
      }
      case 'unlink':
      case 'unlinkat': {
        const path = String(stringsOf(call)[0])
        this.#disk.unlink(path)
        if (!isStored(path)) return
        this.removed.push(basename(path))
        return this.#onTakenAway(path)
      }
    }
    if (['pwritev', 'pwritev2', 'fallocate', 'truncate', 'link', 'linkat'].includes(call.name)) this.#find('unseen', `${call.name} is not understood here`)
  }

  #onOpened(call: Call, path: string): void {
    const isMade = /O_CREAT|O_TRUNC/.test(call.args) || call.name === 'creat'
    if (isMade && isStored(path)) this.#find('in place', `${basename(path)} is made under its own name`)
    if (/O_D?SYNC/.test(call.args) && isStored(path)) this.#find('unseen', 'writes that sync by themselves are not understood here')
    if (isMade) this.#disk.create(path)
  }

  #beginSync(call: Call, path: string): void {
    const entry = this.#disk.entry(path)
    if (entry === undefined) return
    // A directory is synced by others too, for names of their own.
    if (entry instanceof TracedFile && entry.unsynced.failed) this.#find('retry', `${basename(path)} is synced again after that failed`)
    this.#syncing.set(call, { entry, mark: entry.unsynced.mark(), path })
  }

  #endSync(call: Call): void {
    const sync = this.#syncing.get(call)
    if (sync === undefined || Number.isNaN(call.result)) return
    this.#syncing.delete(call)
    this.#disk.settle(sync.entry, sync.mark, call.result === 0)
    if (call.result === 0) this.syncs++
    this.#recoverable.update()
  }

  #beginRename([from, to]: string[]): void {
    const file = this.#disk.file(from)
    if (!isStored(to) || file === undefined) return
    if (file.unsynced.count > 0 || file.unsynced.failed) this.#find('unsynced', `${basename(to)} gets its name before it is synced`)
    else if (namedZxid(to, 'snapshot') !== undefined && digestZxid(file.content) > this.#recoverable.zxid && this.#recoverable.zxid >= 0n) {
      this.#find('snapshot', `${basename(to)} holds txns up to ${hex(digestZxid(file.content))}, the log up to ${hex(this.#recoverable.zxid)}`)
    }
  }

  #onTakenAway(path: string): void {
    const before = this.#recoverable.zxid
    this.#recoverable.updateFromScratch()
    if (this.#recoverable.zxid < before) {
      this.#find('taken away', `without ${basename(path)} only ${hex(this.#recoverable.zxid)} can be recovered, ${hex(before)} could`)
    }
  }

  #onSent(call: Call): void {
    const safe = this.#safeAtBegin.get(call)!
    this.#safeAtBegin.delete(call)
    const taken = Number.isNaN(call.result) ? Infinity : call.result
    for (const told of this.#conversationOf(call).onReplies(Buffer.concat(stringsOf(call)).subarray(0, taken))) {
      this.told[told.what]++
      if (told.zxid > safe) this.#find(told.what, `a ${told.what} tells of ${hex(told.zxid)} while only ${hex(safe)} is durable`)
      if (told.newSession !== undefined && !this.#recoverable.sessions.has(told.newSession)) {
        this.#find('session', `session ${hex(told.newSession)} is told of before it is durable`)
      }
    }
  }

  #conversationOf(call: Call): Conversation {
    const socket = descriptorOf(call)
    let conversation = this.#conversations.get(socket)
    if (conversation === undefined) this.#conversations.set(socket, (conversation = new Conversation()))
    return conversation
  }

  #find(rule: string, finding: string): void {
    const times = (this.#broken.get(rule) ?? 0) + 1
    this.#broken.set(rule, times)
    if (times <= FINDINGS_PER_RULE) this.findings.push(finding)
  }
}

function isSocket(call: Call): boolean {
  return descriptorOf(call).startsWith('socket:')
}

/** A log or a snapshot under its own name. */
function isStored(path: string): boolean {
  return namedZxid(path, 'log') !== undefined || namedZxid(path, 'snapshot') !== undefined
}

/** A log, under whatever name. */
function isLog(path: string): boolean {
  return /^(\.unfinished-)?log\.[0-9a-f]+$/.test(basename(path))
}

function hex(zxid: bigint): string {
  return zxid < 0n ? 'nothing' : `0x${zxid.toString(16)}`
}
