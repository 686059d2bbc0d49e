/**
 * One connection to the client port, from its first byte to its last: four-letter word or handshake, then requests
 * (NIOServerCnxn, ZooKeeperServer.processPacket).
 */
import type { Slice } from '../../base/slices.ts'
import type { ACL, Id } from '../../jute/generated/data.ts'
import { ConnectRequestV33, ConnectResponseV33 } from '../../jute/generated/legacy.ts'
import {
  AuthPacket,
  ConnectRequest,
  ConnectResponse,
  GetSASLRequest,
  ReplyHeader,
  RequestHeader,
  SetSASLResponse,
  WatcherEvent,
} from '../../jute/generated/proto.ts'
import { MalformedFrame } from '../../jute/malformed-frame.ts'
import type { JuteReader } from '../../jute/reader.ts'
import type { JuteWriter } from '../../jute/writer.ts'
import { javaAddress } from '../../protocol/addresses.ts'
import { writeBody } from '../../protocol/body.ts'
import type { Body } from '../../protocol/body.ts'
import { Code, OpCode } from '../../protocol/codes.ts'
import type { EventType } from '../../protocol/events.ts'
import { FrameDecoder } from '../../protocol/frame-decoder.ts'
import type { Socket } from '../host/host.ts'
import { OPS } from '../ops/index.ts'
import { decodeBody } from '../ops/op.ts'
import type { AnyOp, LongAnswer } from '../ops/op.ts'
import type { Expiring } from '../session/expiry-queue.ts'
import { sessionPassword } from '../session/session-password.ts'
import type { Session } from '../session/session-table.ts'
import { frameless } from '../txn/request.ts'
import type { Client, Request, Telling } from '../txn/request.ts'
import type { ClientService } from './client-service.ts'
import { ConnectionStats } from './connection-stats.ts'
import { Outgoing } from './outgoing.ts'
import { PSEUDO_OPS } from './pseudo-ops.ts'

const NOTIFICATION_XID = -1
const PING_XID = -2
/** KeeperState.SyncConnected: the only state a server tells. */
const SYNC_CONNECTED = 3
/** Unread answers that are not worth counting. */
const BACKLOG_BYTES = 64 * 1024
/** Of an identity, besides its texts. */
const ID_BYTES = 64
/** Of a word's answer told in one turn, in characters. */
const WORD_SLICE_LENGTH = 64 * 1024
const NO_PASSWORD = new Uint8Array(16)
const NO_PIECES: readonly Uint8Array[] = []

type Stage =
  | { kind: 'handshake' }
  /** The session is being made or looked up; nothing is read meanwhile. */
  | { kind: 'attaching'; hasReadOnlyByte: boolean }
  | { kind: 'established'; session: Session }
  /** The last bytes are on their way out; nothing that still comes in is looked at. */
  | { kind: 'ending' }
  | { kind: 'closed' }

export class ClientConnection implements Client, Expiring {
  readonly socket: Socket
  readonly stats: ConnectionStats
  readonly waiting: Request[] = []
  telling: Telling | undefined
  outstanding = 0
  waitingBytes = 0
  waitingWriteBytes = 0
  watchBytes = 0
  /** Unread answers as the service counts them; 0 while they are few. */
  backlogBytes = 0
  readonly remoteAddress: string
  /** Kept by the queue of idle connections. */
  expiresAt = 0
  sessionId = 0n
  sessionTimeoutMs = 0
  readonly #service: ClientService
  readonly #decoder: FrameDecoder
  readonly #outgoing: Outgoing
  #stage: Stage = { kind: 'handshake' }
  #ids: readonly Id[]
  #isPaused = false
  #isCutLater = false
  #isAnsweringWord = false
  /** Clock milliseconds of the last look for frames: one reading of the clock is enough for all that a chunk brings. */
  #cutAt = 0

  constructor(service: ClientService, socket: Socket) {
    this.#service = service
    this.socket = socket
    this.#decoder = new FrameDecoder(service.slabs)
    this.#outgoing = new Outgoing(service.scratch, socket, () => this.#onTaken())
    this.remoteAddress = javaAddress(socket.remoteAddress)
    this.stats = new ConnectionStats(service.clock.wallTime())
    this.#ids = [{ scheme: 'ip', id: this.remoteAddress }]
    socket.handlers = {
      onData: (bytes) => this.#onData(bytes),
      onDrain: () => this.#outgoing.onDrain(),
      onEnd: () => this.#onEnd(),
      onClose: () => this.#onClose(),
    }
  }

  get isOpen(): boolean {
    return this.#stage.kind !== 'closed'
  }

  get ids(): readonly Id[] {
    return this.#ids
  }

  get isEstablished(): boolean {
    return this.#stage.kind === 'established'
  }

  /** NIO's interest in the socket, as `cons` and `stat` show it: 1 while it is read from. */
  get interestOps(): number {
    if (this.#isAnsweringWord) return 0
    return (this.#isPaused ? 0 : 1) | (this.#outgoing.bufferedBytes > 0 ? 4 : 0)
  }

  // In --------------------------------------------------------------------------------------------------------

  #onData(bytes: Uint8Array): void {
    if (this.#stage.kind === 'ending' || this.#stage.kind === 'closed') return
    this.#service.onBytesReceived(bytes.length)
    this.#decoder.push(bytes)
    this.#cutFrames()
  }

  /** Handles what is there, but no more than one turn's share of it: the rest follows in the next turn. */
  #cutFrames(): void {
    const { clock, settings, reader } = this.#service
    this.#cutAt = clock.now()
    let bytes = 0
    for (let requests = 0; ; requests++) {
      if (this.#stage.kind !== 'handshake' && this.#stage.kind !== 'established') return
      if (this.#isPaused && this.#stage.kind === 'established') return
      const length = this.#decoder.peekLength()
      if (length === undefined) return this.#readOrPause()
      const word = this.#stage.kind === 'handshake' ? this.#service.words.at(length) : undefined
      if (word !== undefined) return this.#onWord(word)
      if (!this.#service.isServing) return this.close('the server is not serving')
      if (length < 0 || length > settings.juteMaxBuffer) {
        this.#service.onOversizedFrame(this, length)
        return this.close('a frame of impossible length')
      }
      if (!this.#service.admitLargeRequest(this, length)) return this.close('too many large requests')
      if (requests >= settings.turnMaxRequests || bytes >= settings.turnMaxBytes) return this.#cutLater()
      if (!this.#decoder.take(length, reader)) return this.#readOrPause()
      bytes += length
      this.stats.received++
      this.#service.onPacketReceived()
      try {
        if (this.#stage.kind === 'handshake') this.#onConnectRequest(reader)
        else this.#onFrame(reader, this.#stage.session)
      } catch (error) {
        if (!(error instanceof MalformedFrame)) throw error
        return this.close(error.message)
      }
    }
  }

  #cutLater(): void {
    if (this.#isCutLater) return
    this.#isCutLater = true
    this.socket.pause()
    this.#service.clock.endOfTurn(() => {
      this.#isCutLater = false
      if (!this.#isPaused && this.isOpen) this.socket.resume()
      this.#cutFrames()
    })
  }

  /** A client that does not take its answers, or asks while too much is under way, is not read from. */
  #readOrPause(): void {
    if (this.#stage.kind === 'closed' || this.#stage.kind === 'ending') return
    const pause = this.#service.shouldPause(this, this.#outgoing.bufferedBytes)
    if (pause === this.#isPaused) return
    this.#isPaused = pause
    if (pause) {
      this.socket.pause()
      return
    }
    this.socket.resume()
    this.#cutFrames()
  }

  /** What was to be said has been handed on, or taken by the system. */
  #onTaken(): void {
    if (this.backlogBytes > 0) this.#service.noteBacklog(this, this.#outgoing.bufferedBytes)
    this.reconsider()
  }

  /** Called when the reason for not reading may have gone. */
  reconsider(): void {
    if (this.#isPaused) this.#readOrPause()
  }

  #onWord(word: string): void {
    const { words } = this.#service
    const bytes = this.#decoder.takeBytes(4 + words.argumentBytes(word))
    if (bytes === undefined) return
    this.stats.received++
    this.#service.onPacketReceived()
    this.#isAnsweringWord = true
    this.#stage = { kind: 'ending' }
    this.#decoder.clear()
    words.answer(this, word, bytes.subarray(4), (pieces) => {
      const tell = this.#tellWord(pieces[Symbol.iterator]())
      if (tell()) this.#service.slices.add(tell)
    })
  }

  /** Tells a piece of the answer whenever it is called; false at its end, which is that of the connection. */
  #tellWord(pieces: Iterator<string>): Slice {
    let length = 0
    return () => {
      if (this.#stage.kind === 'closed') return false
      let text = ''
      let next = pieces.next()
      for (; !next.done && text.length < WORD_SLICE_LENGTH; next = pieces.next()) text += next.value
      if (!next.done) text += next.value
      length += text.length
      if (text !== '') this.#outgoing.write(Buffer.from(text, 'utf8'))
      if (!next.done) return true
      this.#service.onWordAnswered(length)
      this.end()
      return false
    }
  }

  #onEnd(): void {
    // A word is answered although its sender has nothing more to say; a session's client hears nothing any more.
    if (this.#stage.kind !== 'ending') this.close('the client is done')
  }

  #onClose(): void {
    if (this.#stage.kind === 'closed') return
    this.#enterClosed()
  }

  // Handshake -------------------------------------------------------------------------------------------------

  #onConnectRequest(reader: JuteReader): void {
    const start = reader.position
    let request: ConnectRequestV33 = ConnectRequestV33.read(reader)
    const hasReadOnlyByte = reader.remaining > 0
    let readOnly = false
    if (hasReadOnlyByte) {
      reader.position = start
      const full = ConnectRequest.read(reader)
      request = full
      readOnly = full.readOnly
    }
    this.#stage = { kind: 'attaching', hasReadOnlyByte }
    this.socket.pause()
    this.#service.onConnectRequest(this, request, readOnly)
  }

  /** The session is made or found: answers the handshake and goes on reading. */
  attach(session: Session): void {
    if (this.#stage.kind !== 'attaching') return
    this.#sendConnectResponse(this.#stage.hasReadOnlyByte, this.sessionTimeoutMs, session.id, sessionPassword(session.id))
    this.#stage = { kind: 'established', session }
    // What came behind the handshake is handled before the socket can tell that nothing more will come.
    this.#cutLater()
  }

  /** Wrong password, or no such session. */
  refuse(): void {
    if (this.#stage.kind !== 'attaching') return
    this.#sendConnectResponse(this.#stage.hasReadOnlyByte, 0, 0n, NO_PASSWORD)
    this.end()
  }

  #sendConnectResponse(hasReadOnlyByte: boolean, timeOut: number, sessionId: bigint, passwd: Uint8Array): void {
    const response = { protocolVersion: 0, timeOut, sessionId, passwd, readOnly: this.#service.isReadOnly }
    const w = this.#outgoing.begin()
    const start = this.#startFrame(w)
    if (hasReadOnlyByte) ConnectResponse.write(w, response)
    else ConnectResponseV33.write(w, response)
    this.#finishFrame(w, start)
  }

  // Requests --------------------------------------------------------------------------------------------------

  #onFrame(reader: JuteReader, session: Session): void {
    const start = reader.position
    const { xid, type } = RequestHeader.read(reader)
    const service = this.#service
    if (!service.touch(this, session, this.#cutAt)) return
    if (type === OpCode.auth) return this.#onAuth(xid, AuthPacket.read(reader))
    if (type === OpCode.sasl) return this.#onSasl(xid, GetSASLRequest.read(reader))
    if (service.lacksRequiredAuth(this.#ids)) {
      this.#answerInOrder(PSEUDO_OPS.refused, xid, Code.SESSIONCLOSEDREQUIRESASLAUTH)
      return this.#stopReading()
    }
    if (type === OpCode.deleteContainer) {
      service.onDeleteContainer(this)
      this.#answerInOrder(PSEUDO_OPS.hangUp, xid, Code.OK)
      return this.#stopReading()
    }
    const op = OPS.get(type)
    if (op === undefined) {
      service.onUnknownType(this, type)
      this.#answerInOrder(PSEUDO_OPS.unimplemented, xid, Code.UNIMPLEMENTED)
      return this.#stopReading()
    }
    const bytes = reader.end - start
    service.submit(this.#decode(op, xid, reader, session.id, bytes))
    if (type === OpCode.closeSession) this.#stopReading()
    else if (service.isCongested || this.waitingBytes > service.settings.waitingPauseBytes) this.#readOrPause()
    if (this.watchBytes > service.settings.watchesCloseBytes) this.close('the client has too many watches')
  }

  #decode(op: AnyOp, xid: number, reader: JuteReader, session: bigint, bytes: number): Request {
    let record: unknown
    let fault: Code = Code.OK
    let takesZxid = false
    try {
      record = decodeBody(op.request, reader)
    } catch (error) {
      if (!(error instanceof MalformedFrame)) throw error
      fault = Code.MARSHALLINGERROR
      takesZxid = op.kind === 'write' && op.undecodableTakesZxid === true && error.kind !== 'null'
    }
    return { client: this, session, xid, op, record, fault, takesZxid, ids: this.#ids, bytes, receivedAt: this.#cutAt }
  }

  /** Answered in the order of the requests; what it proves holds from the next request on. */
  #onAuth(xid: number, { scheme, auth }: AuthPacket): void {
    const proved = this.#service.authenticate(this, scheme, auth)
    if (proved === 'close') return this.close('the client belongs to another ensemble')
    if (proved === 'failed') {
      this.#answerInOrder(PSEUDO_OPS.auth, xid, Code.AUTHFAILED)
      return this.#stopReading()
    }
    const ids = withIds(this.#ids, proved)
    if (ids !== this.#ids && idBytes(ids) > this.#service.settings.identitiesMaxBytes) {
      this.#answerInOrder(PSEUDO_OPS.auth, xid, Code.AUTHFAILED)
      return this.#stopReading()
    }
    this.#ids = ids
    this.#answerInOrder(PSEUDO_OPS.auth, xid, Code.OK)
  }

  /** As a server without SASL answers: no token, and the client may go on. */
  #onSasl(xid: number, { token }: GetSASLRequest): void {
    if (token === null) return this.close('a SASL packet without a token')
    this.#answerInOrder(PSEUDO_OPS.sasl, xid, Code.OK)
  }

  #answerInOrder(op: AnyOp, xid: number, fault: Code): void {
    this.#service.submit(frameless({ client: this, session: this.sessionId, xid, op, fault, receivedAt: this.#cutAt }))
  }

  /** What comes in from here on is not looked at; the answer that ends the connection may still be waiting. */
  #stopReading(): void {
    if (this.#stage.kind !== 'established') return
    this.#stage = { kind: 'ending' }
    this.#decoder.clear()
  }

  // Out -------------------------------------------------------------------------------------------------------

  reply(request: Request, zxid: bigint, err: number, body: Body | undefined, now: number): void {
    if (this.#stage.kind === 'closed') return
    const { op } = request
    if (op.type === OpCode.createSession) {
      this.stats.onReply(request.xid, op.shortName, zxid, now, request.receivedAt)
      this.#service.onSessionCreated(this, request.session)
      return
    }
    if (op === PSEUDO_OPS.hangUp) return this.close('the client asked for what no client may')
    // As FinalRequestProcessor: an answer would be taken for one of the connection that has the session now.
    if (err === Code.SESSIONMOVED) return this.close('its session has moved to another server')
    const pseudoZxid = PSEUDO_OPS.zxidOf(op)
    const w = this.#outgoing.begin()
    const start = this.#startFrame(w)
    ReplyHeader.write(w, { xid: op.type === OpCode.ping ? PING_XID : request.xid, zxid: pseudoZxid ?? zxid, err })
    if (op === PSEUDO_OPS.sasl) SetSASLResponse.write(w, { token: null })
    if (body !== undefined) writeBody(w, body)
    this.#noteReply(request, zxid, err, this.#finishFrame(w, start), now)
    if (op.type === OpCode.closeSession || (pseudoZxid !== undefined && err !== Code.OK)) this.end()
  }

  beginLong(): void {
    this.#outgoing.hold()
  }

  replyLong(request: Request, zxid: bigint, { err, pieces }: LongAnswer, now: number): void {
    if (this.#stage.kind === 'closed') return
    const heldBack = this.#outgoing.release()
    const w = this.#outgoing.begin()
    const start = this.#startFrame(w)
    ReplyHeader.write(w, { xid: request.xid, zxid, err })
    const bytes = this.#finishFrame(w, start, pieces)
    for (const run of heldBack) this.#outgoing.write(run)
    this.#noteReply(request, zxid, err, bytes, now)
  }

  #noteReply(request: Request, zxid: bigint, err: number, bytes: number, now: number): void {
    // As FinalRequestProcessor: a refused write fails before its name is noted down.
    const name = request.op.kind === 'write' && err !== Code.OK ? 'NA' : request.op.shortName
    this.stats.onReply(request.xid, name, zxid, now, request.receivedAt)
    this.#service.onReply(bytes)
  }

  onEvent(type: EventType, path: string, zxid: bigint): void {
    if (this.#stage.kind === 'closed') return
    const w = this.#outgoing.begin()
    const start = this.#startFrame(w)
    ReplyHeader.write(w, { xid: NOTIFICATION_XID, zxid, err: 0 })
    WatcherEvent.write(w, { type, state: SYNC_CONNECTED, path })
    this.#service.onNotification(this.#finishFrame(w, start))
  }

  mayRead(acl: ACL[]): boolean {
    return this.#service.mayRead(acl, this.#ids)
  }

  /** Leaves room for the length; returns where the frame starts. */
  #startFrame(w: JuteWriter): number {
    const start = w.position
    w.int(0)
    return start
  }

  /**
   * Returns the frame's size; pieces are what else belongs to it. A client for whom too much waits is not read from, in the end not kept.
   */
  #finishFrame(w: JuteWriter, start: number, pieces: readonly Uint8Array[] = NO_PIECES): number {
    let bytes = w.position - start + w.apartBytes
    for (const piece of pieces) bytes += piece.length
    w.patchInt(start, bytes - 4)
    this.#outgoing.finish()
    for (const piece of pieces) this.#outgoing.write(piece)
    this.stats.sent++
    const waiting = this.#outgoing.bufferedBytes
    if (waiting > BACKLOG_BYTES) this.#onBacklog(waiting)
    return bytes
  }

  #onBacklog(waiting: number): void {
    const { outgoingPauseBytes, outgoingCloseBytes, outgoingTotalBytes } = this.#service.settings
    const total = this.#service.noteBacklog(this, waiting)
    if (waiting <= outgoingCloseBytes && total <= outgoingTotalBytes) {
      if (waiting > outgoingPauseBytes) this.#readOrPause()
      return
    }
    if (this.#stage.kind === 'closed') return
    // Not from inside a reply: whoever is answering goes on with this connection.
    this.#outgoing.close()
    this.#service.clock.endOfTurn(() => this.close('the client does not read its answers'))
  }

  // End -------------------------------------------------------------------------------------------------------

  /** Lets the client have what was said so far, then FIN. */
  end(): void {
    if (this.#stage.kind === 'closed') return
    this.#stage = { kind: 'ending' }
    this.#outgoing.flushAll()
    this.#enterClosed()
    this.socket.end()
  }

  /** As `end`, for a reason of the server's: requests that wait for their answers get none. */
  close(reason: string): void {
    if (this.#stage.kind === 'closed') return
    this.#service.onClosing(this, reason)
    this.end()
  }

  /** One connection too many: nothing is read from it or said to it. */
  reject(): void {
    this.#enterClosed()
    this.socket.destroy()
  }

  #enterClosed(): void {
    this.#stage = { kind: 'closed' }
    this.#outgoing.close()
    this.#decoder.clear()
    this.#service.onClosed(this)
  }
}

function idBytes(ids: readonly Id[]): number {
  return ids.reduce((sum, { scheme, id }) => sum + ID_BYTES + scheme!.length + id!.length, 0)
}

/** Never changed in place: requests under way hold the list as it was. */
function withIds(ids: readonly Id[], added: readonly Id[]): readonly Id[] {
  const fresh = added.filter(({ scheme, id }) => !ids.some((own) => own.scheme === scheme && own.id === id))
  return fresh.length === 0 ? ids : [...ids, ...fresh]
}
