// ACL lists by number: shared, counted, never renumbered.
import { describe, expect, it } from 'vitest'
import { AclCache, OPEN_ACL, OPEN_ACL_KEY } from '../../../src/server/tree/acl-cache.ts'
import { acl } from '../../support/requests.ts'

describe('the ACL cache', () => {
  it('gives equal lists in equal order one number, and others another', () => {
    const cache = new AclCache()
    const lists = [
      [acl(31)],
      [acl(1)],
      [acl(31), acl(1)],
      [acl(1), acl(31)],
      [acl(31, 'ip', '1.1.1.1')],
      [acl(31, 'ip1', '.1.1.1')],
      [acl(31, 'a', '1:b')],
      [acl(31, 'a1', ':b')],
      [acl(31, 'auth', null)],
      [acl(31, 'auth', '-')],
      [acl(31, 'auth', '')],
      [],
    ]
    const keys = lists.map((list) => cache.acquire(list))
    expect(keys).toEqual(lists.map((_, i) => i + 1))
    expect(lists.map((list) => cache.acquire(structuredClone(list)))).toEqual(keys)
    expect(cache.get(3)).toEqual([acl(31), acl(1)])
  })

  it('forgets a list with its last use, and its number for ever', () => {
    const cache = new AclCache()
    const key = cache.acquire([acl(1)])
    cache.acquire([acl(1)])
    cache.release(key)
    expect(cache.get(key)).toBeDefined()
    cache.release(key)
    expect([cache.get(key), cache.size]).toEqual([undefined, 0])
    expect(cache.acquire([acl(1)])).toBe(key + 1)
    cache.release(77)
  })

  it('has the open list under -1, without counting', () => {
    const cache = new AclCache()
    cache.release(OPEN_ACL_KEY)
    expect([cache.get(OPEN_ACL_KEY), cache.addUse(OPEN_ACL_KEY), cache.size]).toEqual([OPEN_ACL, true, 0])
    expect(cache.acquire(OPEN_ACL)).toBe(1)
  })

  it('takes lists over from a snapshot, twins included, and drops those that no node has', () => {
    const cache = new AclCache()
    cache.load(5, [acl(1)])
    cache.load(7, [acl(1)])
    cache.load(9, [acl(2)])
    expect([cache.addUse(5), cache.addUse(7), cache.addUse(6)]).toEqual([true, true, false])
    cache.dropUnused()
    expect([...cache.entries()].map(({ key }) => key)).toEqual([5n, 7n])
    expect(cache.acquire([acl(1)])).toBe(7)
    expect(cache.acquire([acl(2)])).toBe(10)
    cache.release(5)
    expect(cache.acquire([acl(1)])).toBe(7)
    for (let i = 0; i < 3; i++) cache.release(7)
    expect(cache.get(7)).toBeUndefined()
  })
})
