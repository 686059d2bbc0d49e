// client-protocol 4.1, 4.3, 4.7: what writes change, and which refusal of delete, setData and setACL comes first.
import { describe, expect, it } from 'vitest'
import { FakeServer } from '../../support/fake-server.ts'
import { multi, outline } from '../../support/multi.ts'
import * as ask from '../../support/requests.ts'
import type { Asked } from '../../support/requests.ts'

const SPECIAL = ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config']
const { acl, create, exists, getData, remove, setAcl, setData } = ask

/** /closed may only be read, /open/leaf and /open/full are free, /blind may do everything but read and administer. */
function stage() {
  const fake = new FakeServer()
  const session = fake.session()
  session.ok(create('/open'))
  session.ok(create('/open/leaf'))
  session.ok(create('/open/full'))
  session.ok(create('/open/full/child'))
  session.ok(create('/closed', { acl: [acl(31)] }))
  session.ok(create('/closed/leaf', { acl: [acl(1)] }))
  session.ok(setAcl('/closed', [acl(1)]))
  session.ok(create('/blind', { acl: [acl(2 | 4 | 8)] }))
  const stat = (path: string) => session.ok(exists(path)).stat
  return { fake, session, stat }
}

describe('what is refused first', () => {
  it.each<[string, Asked, number]>([
    ['delete of a path without a slash', remove('x'), -8],
    ['delete of a path with NUL', remove('/missing/\0'), -8],
    ['delete of the root', remove('/'), -8],
    ['delete of a special node', remove('/zookeeper/config', 77), -8],
    ['delete below a missing parent', remove('/missing/x'), -101],
    ['delete of a malformed path', remove('/open/'), -101],
    ['delete of two slashes', remove('/open//leaf'), -101],
    ['delete of a dot', remove('/open/.'), -101],
    ['delete without permission of what is missing', remove('/closed/missing'), -102],
    ['delete without permission', remove('/closed/leaf', 77), -102],
    ['delete of what is missing', remove('/open/missing', 77), -101],
    ['delete of a wrong version of a full node', remove('/open/full', 77), -103],
    ['delete of a full node', remove('/open/full', 0), -111],
    ['delete, for which the node itself need not allow anything', remove('/blind'), 0],
    ['setData of a malformed path', setData('/missing/'), -8],
    ['setData of what is missing', setData('/missing', '', 77), -101],
    ['setData of the empty path', setData(''), -8],
    ['setData without permission', setData('/closed', '', 77), -102],
    ['setData of a wrong version', setData('/open', '', 77), -103],
    ['setACL of a malformed path', setAcl('/missing/.', []), -8],
    ['setACL of a bad list', setAcl('/missing', []), -114],
    ['setACL of what is missing', setAcl('/missing', ask.OPEN, 77), -101],
    ['setACL without permission', setAcl('/closed', ask.OPEN, 77), -102],
    ['setACL of a wrong version', setAcl('/open', ask.OPEN, 77), -103],
    ['setACL with a null id', setAcl('/open', [acl(31, 'digest', null)]), -5],
    ['reconfig while it is off', ask.reconfig(), -123],
  ])('%s', (_, asked, err) => expect(stage().session.err(asked)).toBe(err))

  it.each<[string, Asked, number]>([
    ['a malformed path', ask.check('/missing/'), -8],
    ['a missing node', ask.check('/missing', 77), -101],
    ['no permission', ask.check('/blind', 77), -102],
    ['a wrong version', ask.check('/open', 77), -103],
    ['the right version', ask.check('/open', 0), 0],
    ['any version', ask.check('/open'), 0],
  ])('check: %s', (_, asked, err) => {
    expect(outline(stage().session.ok(multi([asked])))).toBe(err === 0 ? '13:0' : `-1:${err}`)
  })

  it('reconfig of a standalone server, when it is on', () => {
    const session = new FakeServer({ reconfigEnabled: true }).session()
    expect([session.err(ask.reconfig()), session.err(ask.ping())]).toEqual([-6, 0])
  })
})

describe('special nodes', () => {
  it('cannot be deleted, by super neither', () => {
    const fake = new FakeServer({ superDigest: 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=' })
    const session = fake.session()
    expect(session.err(ask.auth('digest', 'super:test'))).toBe(0)
    for (const path of SPECIAL) expect([session.err(remove(path)), session.err(create(path))]).toEqual([-8, -110])
    expect(session.err(setData('/zookeeper/config', 'super may'))).toBe(0)
  })

  it('are open to everybody, but for the configuration', () => {
    const { session } = stage()
    for (const path of ['/', '/zookeeper', '/zookeeper/quota']) {
      expect([session.err(setData(path, 'x')), session.err(setAcl(path, ask.OPEN))]).toEqual([0, 0])
    }
    const config = '/zookeeper/config'
    expect([session.err(setData(config)), session.err(setAcl(config, ask.OPEN)), session.err(getData(config))]).toEqual([-102, -102, 0])
  })

  it('of a new server have these stats', () => {
    const session = new FakeServer().session()
    const zero = { czxid: 0n, mzxid: 0n, ctime: 0n, mtime: 0n, version: 0, ephemeralOwner: 0n, dataLength: 0, pzxid: 0n }
    const expected = {
      '/': { ...zero, cversion: -1, numChildren: 1, aversion: 0 },
      '/zookeeper': { ...zero, cversion: -2, numChildren: 2, aversion: 0 },
      '/zookeeper/quota': { ...zero, cversion: 0, numChildren: 0, aversion: 0 },
      '/zookeeper/config': { ...zero, cversion: 0, numChildren: 0, aversion: -1 },
    }
    for (const [path, stat] of Object.entries(expected)) expect(session.ok(getData(path))).toEqual({ data: new Uint8Array(0), stat })
  })
})

describe('what writes change', () => {
  it('create and delete: the parent’s counter and pzxid, nothing else of it', () => {
    const { fake, session, stat } = stage()
    const before = stat('/open')
    session.ok(create('/open/new'))
    expect(stat('/open')).toEqual({ ...before, cversion: before.cversion + 1, numChildren: 3, pzxid: fake.lastZxid })
    session.ok(remove('/open/new'))
    expect(stat('/open')).toEqual({ ...before, cversion: before.cversion + 2, pzxid: fake.lastZxid })
  })

  it('setData: version, mzxid and mtime, also when the data is the same', () => {
    const { fake, session, stat } = stage()
    session.ok(setData('/open', 'same'))
    const before = stat('/open')
    const parent = stat('/')
    fake.host.advance(1000)
    const answer = session.ok(setData('/open', 'same'))
    const after = { ...before, version: 2, mzxid: fake.lastZxid, mtime: BigInt(fake.host.clock.wallTime()) }
    expect([answer.stat, stat('/open'), stat('/')]).toEqual([after, after, parent])
  })

  it('setACL: aversion alone', () => {
    const { session, stat } = stage()
    const before = stat('/open')
    expect(session.ok(setAcl('/open', [acl(31), acl(1)])).stat).toEqual({ ...before, aversion: 1 })
    expect(stat('/open')).toEqual({ ...before, aversion: 1 })
  })

  it('setData: null and empty data stay apart', () => {
    const { session } = stage()
    session.ok(setData('/open', null))
    expect(session.ok(getData('/open')).data).toBeNull()
    session.ok(setData('/open', ''))
    expect(session.ok(getData('/open')).data).toHaveLength(0)
  })

  it('anybody may change or delete an ephemeral', () => {
    const { fake, session } = stage()
    session.ok(create('/e', { flags: 1 }))
    const other = fake.session()
    expect([other.err(setData('/e', 'x')), other.err(remove('/e'))]).toEqual([0, 0])
    expect(session.ok(ask.getEphemerals(null)).ephemerals).toEqual([])
  })

  it('the time of day is that of the txn, wherever the clock has been set', () => {
    const { fake, session, stat } = stage()
    fake.host.stepWallClock(-86_400_000)
    session.ok(create('/yesterday'))
    expect(stat('/yesterday').ctime).toBe(BigInt(fake.host.clock.wallTime()))
    expect(stat('/yesterday').ctime).toBeLessThan(stat('/open').ctime)
  })
})
