/** Who may do what (ZooKeeperServer.checkACL), and what a list in a request becomes (PrepRequestProcessor.fixupACL). */
import type { ACL, Id } from '../../jute/generated/data.ts'
import { Code } from '../../protocol/codes.ts'
import { SUPER_SCHEME } from './digest-scheme.ts'
import type { AuthSchemes } from './schemes.ts'

/** What `auth` entries may grow a list to; a txn with so many is too long for any log's readers. */
const MAX_ENTRIES = 200_000

export class AccessControl {
  readonly #schemes: AuthSchemes
  readonly #skipAcl: boolean

  constructor(schemes: AuthSchemes, skipAcl: boolean) {
    this.#schemes = schemes
    this.#skipAcl = skipAcl
  }

  /** Whether one of the ids has one of the permission bits. */
  allows(acl: readonly ACL[], permission: number, ids: readonly Id[]): boolean {
    if (this.#skipAcl || acl.length === 0) return true
    for (const entry of acl) {
      if ((entry.perms & permission) !== 0 && entry.id.scheme === 'world' && entry.id.id === 'anyone') return true
    }
    for (const id of ids) if (id.scheme === SUPER_SCHEME) return true
    for (const entry of acl) {
      if ((entry.perms & permission) === 0) continue
      const scheme = this.#schemes.get(entry.id.scheme!)
      if (scheme === undefined) continue
      for (const id of ids) {
        if (id.scheme === entry.id.scheme && scheme.matches(id.id!, entry.id.id!)) return true
      }
    }
    return false
  }

  /** The list as the node will carry it: duplicates dropped, `auth` replaced by the connection's proved ids. */
  resolve(requested: readonly ACL[] | null, ids: readonly Id[]): ACL[] | typeof Code.INVALIDACL | typeof Code.MARSHALLINGERROR {
    if (requested === null || requested.length === 0) return Code.INVALIDACL
    const resolved: ACL[] = []
    for (const entry of withoutDuplicates(requested)) {
      const { scheme, id } = entry.id
      if (scheme === null) return Code.INVALIDACL
      if (scheme === 'auth') {
        const before = resolved.length
        for (const own of ids) {
          if (this.#schemes.get(own.scheme!)?.isAuthenticated === true) resolved.push({ perms: entry.perms, id: own })
        }
        if (resolved.length === before) return Code.INVALIDACL
        if (resolved.length > MAX_ENTRIES) return Code.MARSHALLINGERROR
        continue
      }
      if (scheme === 'world') {
        if (id === null) return Code.MARSHALLINGERROR
        if (id !== 'anyone') return Code.INVALIDACL
      } else {
        const known = this.#schemes.get(scheme)
        if (known === undefined) return Code.INVALIDACL
        if (id === null) return Code.MARSHALLINGERROR
        if (!known.isValid(id)) return Code.INVALIDACL
      }
      resolved.push({ perms: entry.perms, id: { scheme, id } })
    }
    return resolved
  }
}

/** A frame has room for a hundred thousand entries, so they are not compared in pairs. */
function withoutDuplicates(acl: readonly ACL[]): readonly ACL[] {
  if (acl.length === 1) return acl
  const seen = new Set<string>()
  return acl.filter(({ perms, id }) => {
    // Null stands apart from every text, and the length says where the scheme ends.
    const signature = `${perms} ${id.scheme?.length} ${id.id === null} ${id.scheme}${id.id}`
    return !seen.has(signature) && seen.add(signature)
  })
}
