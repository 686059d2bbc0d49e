/**
 * Reads what SnapshotEncoder and its Java counterpart write, in pieces as they come from a file or a leader's stream, and
 * hands every session, ACL and node to a target at once: of the bytes, only an unfinished item is kept.
 */

import { ACL, StatPersisted } from '../../jute/generated/data.ts'
import { JuteReader } from '../../jute/reader.ts'
import type { SnapshotTarget } from './image.ts'
import { END_MARK } from './snapshot-format.ts'
import { CorruptStorage, ExitCode, StartupRefused } from './storage-errors.ts'

const SESSION_SIZE = 12
const STAT_SIZE = 60
/** The ACL key and the stat behind a node's data. */
const NODE_TAIL_SIZE = 8 + STAT_SIZE
/** What an item needs is not known yet. */
const INCOMPLETE = -1

type Part =
  | { readonly kind: 'count-of-sessions' }
  | { readonly kind: 'sessions'; left: number }
  | { readonly kind: 'count-of-acls' }
  | { readonly kind: 'acls'; left: number }
  | { readonly kind: 'nodes' }
  | { readonly kind: 'done' }

export class SnapshotDecoder {
  readonly #target: SnapshotTarget
  readonly #maxLength: number
  readonly #reader: JuteReader
  #part: Part = { kind: 'count-of-sessions' }
  #hasRoot = false

  /** @param maxLength the longest string or buffer: jute.maxbuffer + jute.maxbuffer.extrasize */
  constructor(target: SnapshotTarget, maxLength: number) {
    this.#target = target
    this.#maxLength = maxLength
    this.#reader = new JuteReader({ maxLength })
  }

  /** Whether the end mark was read. */
  get done(): boolean {
    return this.#part.kind === 'done'
  }

  /**
   * Reads every complete item of `bytes[start, bytes.length)` and returns the index behind the last: what follows it
   * must come again with the next call, with more behind it, or, when `done`, is not the decoder's any more. Throws
   * CorruptStorage.
   */
  decode(bytes: Uint8Array, start: number): number {
    const reader = this.#reader
    reader.reset(bytes, start)
    while (this.#step()) {
      // Every step reads one item.
    }
    return reader.position
  }

  /** Reads one item, or nothing when it is not complete, or the last was read. */
  #step(): boolean {
    const part = this.#part
    switch (part.kind) {
      case 'count-of-sessions':
        return this.#readCount('sessions')
      case 'sessions':
        return this.#readSession(part)
      case 'count-of-acls':
        return this.#readCount('acls')
      case 'acls':
        return this.#readAcl(part)
      case 'nodes':
        return this.#readNode()
      case 'done':
        return false
    }
  }

  #readCount(kind: 'sessions' | 'acls'): boolean {
    if (this.#reader.remaining < 4) return false
    const left = this.#reader.int()
    if (left < 0) throw new CorruptStorage(`${left} ${kind}`)
    this.#part = { kind, left }
    return true
  }

  #readSession(part: { left: number }): boolean {
    if (part.left === 0) {
      this.#part = { kind: 'count-of-acls' }
      return true
    }
    if (this.#reader.remaining < SESSION_SIZE) return false
    part.left--
    this.#target.session(this.#reader.long(), this.#reader.int())
    return true
  }

  #readAcl(part: { left: number }): boolean {
    if (part.left === 0) {
      this.#part = { kind: 'nodes' }
      return true
    }
    const reader = this.#reader
    if (!this.#hasAcl()) return false
    part.left--
    const key = reader.long()
    const count = reader.int()
    // As ReferenceCountedACLCache.deserialize, whose RuntimeException no older snapshot makes up for.
    if (count === -1) throw new StartupRefused(`ERROR: incorrect format of InputArchive: no ACL for key ${key}`, ExitCode.UNEXPECTED_ERROR)
    const acl: ACL[] = []
    for (let index = 0; index < count; index++) acl.push(ACL.read(reader))
    this.#target.acl(key, acl)
    return true
  }

  #hasAcl(): boolean {
    const reader = this.#reader
    if (reader.remaining < 12) return false
    const count = reader.view.getInt32(reader.position + 8)
    if (count < -1) throw new CorruptStorage(`an ACL of ${count} entries`)
    let at = reader.position + 12
    for (let index = 0; index < count; index++) {
      const scheme = this.#behindBuffer(at + 4)
      const id = scheme === INCOMPLETE ? INCOMPLETE : this.#behindBuffer(scheme)
      if (id === INCOMPLETE) return false
      at = id
    }
    return true
  }

  #readNode(): boolean {
    const reader = this.#reader
    const behindPath = this.#behindBuffer(reader.position)
    if (behindPath === INCOMPLETE) return false
    if (this.#isEndMark(behindPath)) {
      // As DataTree.deserialize, whose NullPointerException ends the start too.
      if (!this.#hasRoot) throw new StartupRefused('the snapshot has no root', ExitCode.UNEXPECTED_ERROR)
      reader.position = behindPath
      this.#part = { kind: 'done' }
      return false
    }
    const behindData = this.#behindBuffer(behindPath)
    if (behindData === INCOMPLETE || behindData + NODE_TAIL_SIZE > reader.end) return false
    const path = reader.ustring()
    if (path === null) throw new CorruptStorage('a node without a path')
    if (path === '') this.#hasRoot = true
    const data = reader.buffer()
    const aclKey = reader.long()
    this.#target.node(path, data, aclKey, StatPersisted.read(reader))
    return true
  }

  #isEndMark(behindPath: number): boolean {
    const reader = this.#reader
    return behindPath - reader.position === 4 + END_MARK.length && reader.bytes[behindPath - 1] === END_MARK.charCodeAt(0)
  }

  /** Index behind the string or buffer whose length stands at `at`, or INCOMPLETE. */
  #behindBuffer(at: number): number {
    const reader = this.#reader
    if (at + 4 > reader.end) return INCOMPLETE
    const length = reader.view.getInt32(at)
    if (length < -1 || length > this.#maxLength) throw new CorruptStorage(`Unreasonable length = ${length}`)
    const behind = at + 4 + Math.max(0, length)
    return behind > reader.end ? INCOMPLETE : behind
  }
}
