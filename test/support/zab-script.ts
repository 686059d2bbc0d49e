// What leaders and learners say to each other, as text: `PROPOSAL 1:3` is packet and zxid (epoch and counter), what its
// data say follows. Scripts are lines of what happens and of what comes of it; the whole is compared.
import { expect } from 'vitest'
import { LearnerInfo } from '../../src/jute/generated/quorum.ts'
import type { QuorumPacket } from '../../src/jute/generated/quorum.ts'
import { JuteReader } from '../../src/jute/reader.ts'
import { JuteWriter } from '../../src/jute/writer.ts'
import { EpochFiles } from '../../src/quorum/config/epoch-files.ts'
import type { QuorumConfig } from '../../src/quorum/config/quorum-config.ts'
import { PacketDecoder } from '../../src/quorum/wire/packet-decoder.ts'
import { PacketType } from '../../src/quorum/zab/packets.ts'
import type { ByteSource, PacketLink } from '../../src/quorum/zab/packets.ts'
import { finish, readWhole } from '../../src/server/host/disk-work.ts'
import { immediateFiles } from '../../src/server/host/files-over.ts'
import type { DiskDone } from '../../src/server/host/host.ts'
import { MemoryDisk } from '../../src/server/host/memory-disk.ts'
import type { LoggedTxn } from '../../src/server/txn/logged-txn.ts'
import type { FakeClock } from './fake-clock.ts'
import { configOf } from './lone-election.ts'
import { errorTxn, reconfigTxn, zxidOf, zxidText } from './txns.ts'

type PacketName = keyof typeof PacketType

function nameOf(type: number): string {
  return Object.entries(PacketType).find(([, value]) => value === type)?.[0] ?? `TYPE${type}`
}

function dataOf(write: (w: JuteWriter) => void): Uint8Array {
  const w = new JuteWriter()
  write(w)
  return w.copy()
}

/** `v100000004` is servers 1, 2 and 3 with that version, `v100000004:1,2,4:observer` others. */
export function configFrom(word: string): QuorumConfig {
  const [, version, members] = /^v([0-9a-f]+)(?::(.*))?$/.exec(word)!
  return configOf((members ?? '1,2,3').replaceAll(',', ' ')).withVersion(BigInt(`0x${version}`))
}

/** `FOLLOWERINFO 1:0 sid=2`, `ACKEPOCH 1:3 1`, `PING 1:3 7/4000`, `REVALIDATE -1 7/4000`, `PROPOSAL 1:4`, `PROPOSAL 1:4 v100000004`,
 * `INFORMANDACTIVATE 1:4 2 v100000004`; `hex=…` and `null` as data of any packet. */
export function packetOf(text: string): QuorumPacket {
  const [name, zxid = '-1', ...rest] = text.split(' ')
  const type = name.startsWith('TYPE') ? Number(name.slice(4)) : PacketType[name as PacketName]
  if (type === undefined) throw new Error(`no such packet: ${text}`)
  return { type, zxid: zxidOf(zxid), data: dataFor(name, zxidOf(zxid), rest), authinfo: null }
}

function dataFor(name: string, zxid: bigint, words: readonly string[]): Uint8Array | null {
  const [word] = words
  if (word === 'null') return null
  if (word?.startsWith('hex=')) return Buffer.from(word.slice(4), 'hex')
  switch (name) {
    case 'FOLLOWERINFO':
    case 'OBSERVERINFO': {
      const named = new Map(words.map((pair) => pair.split('=') as [string, string]))
      const serverid = BigInt(named.get('sid')!)
      const protocolVersion = Number(named.get('protocol') ?? 0x10000)
      return dataOf((w) => LearnerInfo.write(w, { serverid, protocolVersion, configVersion: BigInt(named.get('config') ?? 0) }))
    }
    case 'LEADERINFO':
      return dataOf((w) => w.int(Number(word ?? 0x10000)))
    case 'ACKEPOCH':
      return dataOf((w) => w.int(Number(word)))
    case 'PROPOSAL':
    case 'INFORM':
      return txnFrom(zxid, word).payload
    case 'COMMITANDACTIVATE':
      return dataOf((w) => w.long(BigInt(word)))
    case 'INFORMANDACTIVATE':
      return Buffer.concat([dataOf((w) => w.long(BigInt(word))), txnFrom(zxid, words[1]).payload])
    case 'NEWLEADER':
      return Buffer.from(configFrom(word ?? 'v0').text)
    case 'PING':
    case 'REVALIDATE':
      return word === undefined ? null : dataOf((w) => writePairs(w, words))
    default:
      return null
  }
}

/** A reconfiguration, or a txn that changes nothing, with another zxid than its packet's perhaps. */
function txnFrom(zxid: bigint, word: string | undefined): LoggedTxn {
  if (word?.startsWith('v') === true) return reconfigTxn(zxid, configFrom(word).text)
  return errorTxn(word === undefined ? zxid : zxidOf(word))
}

/** `7/4000` is a session and its timeout, `7/yes` a session that is alive. */
function writePairs(w: JuteWriter, words: readonly string[]): void {
  for (const word of words) {
    const [session, second] = word.split('/')
    w.long(BigInt(session))
    if (second === 'yes' || second === 'no') w.bool(second === 'yes')
    else w.int(Number(second))
  }
}

export function packetText(type: number, zxid: bigint, data: Uint8Array | null): string {
  const words = [nameOf(type), zxidText(zxid), describe(type, data)]
  return words.filter((word) => word !== '').join(' ')
}

function describe(type: number, data: Uint8Array | null): string {
  if (data === null) return ''
  const reader = new JuteReader()
  reader.reset(data)
  switch (type) {
    case PacketType.FOLLOWERINFO:
    case PacketType.OBSERVERINFO:
      return infoText(LearnerInfo.read(reader))
    case PacketType.NEWLEADER: {
      const version = /version=(.*)$/.exec(Buffer.from(data).toString())![1]
      return version === '0' ? '' : `v${version}`
    }
    case PacketType.ACKEPOCH:
      return String(reader.int())
    case PacketType.PING:
      return pairs(reader, () => String(reader.int())) || '()'
    case PacketType.REVALIDATE:
      return pairs(reader, () => (data.length === 9 ? (reader.bool() ? 'yes' : 'no') : String(reader.int())))
    case PacketType.REQUEST:
      return `${reader.long()} ${reader.int()} ${reader.int()}`
    default:
      return ''
  }
}

function infoText({ serverid, configVersion }: LearnerInfo): string {
  return configVersion === 0n ? `sid=${serverid}` : `sid=${serverid} config=0x${configVersion.toString(16)}`
}

function pairs(reader: JuteReader, second: () => string): string {
  const words: string[] = []
  while (reader.remaining > 0) words.push(`${reader.long()}/${second()}`)
  return words.join(' ')
}

/** A link without a socket: says what is said on it, and that it was closed. */
export class FakeLink implements PacketLink {
  readonly peer = 'peer'
  heardAt: number
  queuedBytes = 0
  sentBytes = 0
  takenBytes = 0
  takenAt = Number.NEGATIVE_INFINITY
  isHeld = false
  isClosed = false
  onClose: (reason: string) => void = () => {}
  readonly #clock: FakeClock
  readonly #say: (line: string) => void

  constructor(clock: FakeClock, say: (line: string) => void) {
    this.#clock = clock
    this.#say = say
    this.heardAt = clock.nowMs
  }

  send(type: number, zxid: bigint, data: Uint8Array | null = null): void {
    if (!this.isClosed) this.#say(packetText(type, zxid, data))
  }

  sendSource(source: ByteSource): void {
    const w = new JuteWriter()
    while (!source.fill(w, w.position + 1000));
    this.#sayAll(w.copy())
    source.close()
  }

  /** Text in brackets, then packets. */
  #sayAll(bytes: Uint8Array): void {
    const end = bytes[0] === 0x5b ? bytes.indexOf(0x5d) + 1 : 0
    if (end > 0) this.#say(Buffer.from(bytes.subarray(0, end)).toString('latin1'))
    const decoder = new PacketDecoder(1 << 20)
    decoder.feed(bytes.subarray(end))
    for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) this.#say(packetText(packet.type, packet.zxid, packet.data))
  }

  hold(): void {
    this.isHeld = true
  }

  resume(): void {
    this.isHeld = false
    this.heardAt = this.#clock.nowMs
  }

  close(reason: string): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#say(`closed: ${reason}`)
    this.#clock.endOfTurn(() => this.onClose(reason))
  }

  abort(reason: string): void {
    this.close(reason)
  }
}

/** Epoch files on a disk that tells of what is written and waits for `done`. */
export function watchedEpochs(clock: FakeClock, log: (line: string) => void, waiting: DiskDone[], accepted: number, current: number): EpochFiles {
  let isWatched = false
  const later = (callback: () => void): void => void (isWatched ? clock.endOfTurn(callback) : callback())
  const disk = new MemoryDisk({ later, wallTime: () => 0 })
  disk.now.makeDirectory('/epochs')
  disk.now.open('/epochs/acceptedEpoch', 'create').write(0, Buffer.from(String(accepted)))
  disk.now.open('/epochs/currentEpoch', 'create').write(0, Buffer.from(String(current)))
  const rename = disk.renameAndSync.bind(disk)
  disk.renameAndSync = (from, to, done) => {
    log(`${to.slice('/epochs/'.length)} ${Buffer.from(finish(readWhole(immediateFiles(disk.now), from))).toString()}`)
    waiting.push((error) => (error === undefined ? rename(from, to, done) : done(error)))
  }
  const epochs = new EpochFiles({ disk, clock, log: { info() {}, warn() {} } as never }, '/epochs')
  finish(epochs.load(0n))
  isWatched = true
  return epochs
}

export interface Scripted {
  /** What has come of it since the last call. */
  take(): string[]
  /** Whether the line is something that happens; then it does. */
  perform(line: string): boolean
}

/** Plays what happens and expects what comes of it. */
export function play(scripted: Scripted, script: string): void {
  const lines = script
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const transcript = [...scripted.take()]
  for (const line of lines) {
    if (scripted.perform(line)) transcript.push(line, ...scripted.take())
  }
  expect(transcript.join('\n')).toBe(lines.join('\n'))
}

/** Runs turns until nothing more is to be done without time passing. */
export function settle(clock: FakeClock): void {
  while ([clock.fireDue(), clock.finishTurn()].includes(true));
}

export function pass(clock: FakeClock, ms: number): void {
  const end = clock.nowMs + ms
  settle(clock)
  for (let due = clock.nextDueAt; due !== undefined && due <= end; due = clock.nextDueAt) {
    clock.nowMs = Math.max(clock.nowMs, due)
    settle(clock)
  }
  clock.nowMs = end
}
