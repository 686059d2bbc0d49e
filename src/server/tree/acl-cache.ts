/**
 * ACL lists are stored once and named by a number (ReferenceCountedACLCache). Numbers start at 1 and are never
 * lowered while running; a list is dropped with its last use. -1 stands for the open list of the bootstrap nodes.
 */
import { assert } from '../../base/assert.ts'
import { LargeMap } from '../../base/large-map.ts'
import type { ACL } from '../../jute/generated/data.ts'

export const OPEN_ACL_KEY = -1
export const OPEN_ACL: ACL[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]

interface Entry {
  readonly key: number
  readonly signature: string
  readonly acl: ACL[]
  uses: number
}

export class AclCache {
  #byKey = new LargeMap<number, Entry>()
  #bySignature = new LargeMap<string, Entry>()
  #lastKey = 0

  get size(): number {
    return this.#byKey.size
  }

  /** The number of this list, with one use added. */
  acquire(acl: ACL[]): number {
    const signature = signatureOf(acl)
    let entry = this.#bySignature.get(signature)
    if (entry === undefined) {
      entry = { key: ++this.#lastKey, signature, acl, uses: 0 }
      this.#add(entry)
    }
    entry.uses++
    return entry.key
  }

  /** One more use of a number that a snapshot's node carries; false when the number is unknown. */
  addUse(key: number): boolean {
    if (key === OPEN_ACL_KEY) return true
    const entry = this.#byKey.get(key)
    if (entry === undefined) return false
    entry.uses++
    return true
  }

  release(key: number): void {
    if (key === OPEN_ACL_KEY) return
    const entry = this.#byKey.get(key)
    if (entry === undefined || --entry.uses > 0) return
    this.#byKey.delete(key)
    if (this.#bySignature.get(entry.signature) === entry) this.#bySignature.delete(entry.signature)
  }

  /** The list; undefined for a number that no list has (damaged snapshots only). */
  get(key: number): ACL[] | undefined {
    return key === OPEN_ACL_KEY ? OPEN_ACL : this.#byKey.get(key)?.acl
  }

  /** Takes a list over from a snapshot, with no use yet. */
  load(key: number, acl: ACL[]): void {
    assert(key > 0, 'ACL numbers in a snapshot are positive')
    if (key > this.#lastKey) this.#lastKey = key
    this.#add({ key, signature: signatureOf(acl), acl, uses: 0 })
  }

  dropUnused(): void {
    for (const entry of this.#byKey.values()) {
      if (entry.uses > 0) continue
      this.#byKey.delete(entry.key)
      if (this.#bySignature.get(entry.signature) === entry) this.#bySignature.delete(entry.signature)
    }
  }

  *entries(): IterableIterator<{ key: bigint; acl: ACL[] }> {
    for (const entry of this.#byKey.values()) yield { key: BigInt(entry.key), acl: entry.acl }
  }

  clear(): void {
    this.#byKey.clear()
    this.#bySignature.clear()
    this.#lastKey = 0
  }

  #add(entry: Entry): void {
    this.#byKey.set(entry.key, entry)
    this.#bySignature.set(entry.signature, entry)
  }
}

/** Equal for equal lists in equal order, and only for them: lengths keep the parts apart. */
function signatureOf(acl: ACL[]): string {
  if (acl.length === 1 && acl[0].perms === 31 && acl[0].id.scheme === 'world' && acl[0].id.id === 'anyone') return 'open'
  let signature = ''
  for (const { perms, id } of acl) signature += `${perms}:${part(id.scheme)}${part(id.id)}`
  return signature
}

function part(text: string | null): string {
  return text === null ? '-' : `${text.length}:${text}`
}
