/** The words against what Apache ZooKeeper 3.9.6 answered in the same situation (test/server/admin/golden). */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { FULL_VERSION } from '../../../src/base/version.ts'
import type { AdminView } from '../../../src/server/admin/admin-view.ts'
import { answerWord, argumentBytes, isAllowedWord, TELNET_CLOSE, whitelistNotices } from '../../../src/server/admin/four-letter.ts'
import { busyView, connection, first, freshView, second, stats } from './view.ts'

const golden = (name: string): string => readFileSync(new URL(`golden/${name}`, import.meta.url), 'utf8')
const answer = (word: string, view: AdminView, argument?: Uint8Array): string => [...answerWord(word, view, 'all', argument)].join('')
const ask = connection({ interestOps: 0, packetsReceived: 1 })

describe('golden texts', () => {
  test('srvr', () => {
    const view = busyView({
      stats: () => stats({ averageLatency: 0.625, maxLatency: 8, packetsReceived: 113, packetsSent: 113, aliveConnections: 3, nodeCount: 11 }),
    })
    expect(answer('srvr', view)).toBe(golden('busy-srvr.txt'))
  })

  test('stat', () => {
    const view = busyView({
      stats: () => stats({ averageLatency: 0.625, maxLatency: 8, packetsReceived: 114, packetsSent: 114, aliveConnections: 3, nodeCount: 11 }),
      connections: () => [
        { ...ask, remotePort: 59_678 },
        connection({ remotePort: 59_662, packetsReceived: 51, packetsSent: 51, sessionId: first }),
        connection({ remotePort: 59_670, packetsReceived: 45, packetsSent: 45, sessionId: second }),
      ],
    })
    expect(answer('stat', view)).toBe(golden('busy-stat.txt'))
    const quiet = { ...ask, remotePort: 59_566 }
    const fresh = freshView({ connections: () => [quiet], stats: () => stats({ packetsReceived: 4, packetsSent: 5, aliveConnections: 1 }) })
    expect(answer('stat', fresh)).toBe(golden('fresh-stat.txt'))
  })

  test('cons', () => {
    const view = busyView({
      connections: () => [
        { ...ask, remotePort: 59_692 },
        connection({
          remotePort: 59_662,
          packetsReceived: 51,
          packetsSent: 51,
          sessionId: first,
          established: 1_795_314_618_414,
          sessionTimeoutMs: 20_000,
          lastCxid: 0x32,
          lastZxid: 0x1en,
          lastResponseTime: 976_676,
          maxLatency: 8,
        }),
        connection({
          remotePort: 59_670,
          packetsReceived: 45,
          packetsSent: 45,
          sessionId: second,
          lastOperation: 'EXIS',
          established: 1_795_314_618_434,
          sessionTimeoutMs: 10_000,
          lastCxid: 0x2c,
          lastZxid: 0x1cn,
          lastResponseTime: 976_670,
          maxLatency: 1,
        }),
      ],
    })
    expect(answer('cons', view)).toBe(golden('busy-cons.txt'))
    expect(answer('cons', freshView({ connections: () => [{ ...ask, remotePort: 59_570 }] }))).toBe(golden('fresh-cons.txt'))
  })

  test('cons after crst', () => {
    const view = busyView({
      connections: () => [
        connection({ remotePort: 59_662, sessionId: first, established: 1_795_314_618_414, sessionTimeoutMs: 20_000 }),
        { ...ask, remotePort: 59_844 },
        connection({ remotePort: 59_670, sessionId: second, established: 1_795_314_618_434, sessionTimeoutMs: 10_000 }),
      ],
    })
    expect(answer('cons', view)).toBe(golden('after-crst-cons.txt'))
  })

  test('dump', () => {
    expect(answer('dump', busyView())).toBe(golden('busy-dump.txt'))
    const expiresAt = Date.parse('2026-11-22T02:30:31Z')
    const one = { tracked: 1, buckets: [{ expiresAt, items: [connection({ remotePort: 59_578 })] }] }
    expect(answer('dump', freshView({ connectionDeadlines: () => one }))).toBe(golden('fresh-dump.txt'))
    const closed = freshView({
      sessions: () => ({
        kind: 'tracker',
        deadlines: {
          tracked: 0,
          buckets: [
            { expiresAt: expiresAt - 2000, items: [] },
            { expiresAt: expiresAt + 8000, items: [] },
          ],
        },
      }),
      connectionDeadlines: () => ({
        tracked: 1,
        buckets: [
          { expiresAt, items: [connection({ remotePort: 59_880 })] },
          { expiresAt: expiresAt + 10_000, items: [] },
        ],
      }),
    })
    expect(answer('dump', closed)).toBe(golden('closed-dump.txt'))
  })

  test('watches', () => {
    expect(answer('wchs', busyView())).toBe(golden('busy-wchs.txt'))
    expect(answer('wchc', busyView())).toBe(golden('busy-wchc.txt'))
    expect(answer('wchp', busyView())).toBe(golden('busy-wchp.txt'))
    expect(answer('wchs', freshView())).toBe(golden('fresh-wchs.txt'))
    expect(answer('wchc', freshView())).toBe(golden('fresh-wchc.txt'))
    const fired = busyView({
      watchesBySession: () => [
        [first, []],
        [second, ['/nope']],
      ],
    })
    expect(answer('wchc', fired)).toBe(golden('fired-wchc.txt'))
  })

  test('conf and dirs', () => {
    expect(answer('conf', busyView())).toBe(golden('busy-conf.txt'))
    expect(answer('dirs', busyView())).toBe(golden('busy-dirs.txt'))
  })

  test('hash', () => {
    const digestLog = () => [
      { zxid: 0x80n, digest: 1_562_463_656n },
      { zxid: 0x100n, digest: 5_065_258_341n },
      { zxid: 0x180n, digest: 2_022_225_443n },
    ]
    expect(answer('hash', freshView({ digestLog }))).toBe(golden('hash.txt'))
    expect(answer('hash', freshView())).toBe('')
  })

  test('resets', () => {
    const done: string[] = []
    const view = freshView({ resetConnectionStats: () => done.push('connections'), resetServerStats: () => done.push('server') })
    view.metrics.staleReplies.add(3)
    expect(answer('crst', view)).toBe(golden('crst.txt'))
    expect(answer('srst', view)).toBe(golden('srst.txt'))
    expect(done).toEqual(['connections', 'server'])
    expect(view.metrics.staleReplies.value).toBe(0)
  })

  test('envi has the keys in order', () => {
    const keys = answer('envi', freshView()).replaceAll(/=.*/g, '')
    expect(keys).toBe(golden('envi-keys.txt'))
  })

  test('mntr of a fresh server has the same 494 names, integers and doubles as there', () => {
    expect(kinds(answer('mntr', freshView()))).toEqual(golden('mntr-fresh.tsv').trim().split('\n'))
  })

  test('namespaces add their names', () => {
    const view = freshView()
    for (const namespace of ['app', 'other', 'zookeeper']) view.metrics.readPerNamespace.add(namespace, 78)
    for (const namespace of ['app', 'other']) view.metrics.writePerNamespace.add(namespace, 7)
    const fresh = new Set(golden('mntr-fresh.tsv').split('\n'))
    const added = kinds(answer('mntr', view)).filter((line) => !fresh.has(line))
    expect(added).toEqual(golden('mntr-namespaces.tsv').trim().split('\n'))
  })
})

/** Names with the kind of value, sorted. */
function kinds(text: string): string[] {
  const lines = text.trimEnd().split('\n')
  return lines
    .map((line) => {
      const [name, value] = line.split('\t') as [string, string]
      const kind = /^-?\d+$/.test(value) ? 'integer' : /^-?\d+\.\d+(?:E-?\d+)?$/.test(value) ? 'double' : 'text'
      return `${name}\t${kind}`
    })
    .sort()
}

describe('mntr', () => {
  const line = (view: AdminView, name: string): string | undefined =>
    answer('mntr', view)
      .split('\n')
      .find((each) => each.startsWith(`zk_${name}\t`))
      ?.split('\t')[1]

  test('begins with version and state', () => {
    expect(answer('mntr', freshView()).split('\n').slice(0, 2)).toEqual([`zk_version\t${FULL_VERSION}`, 'zk_server_state\tstandalone'])
    const leading = freshView({ serverState: 'leader', peerState: 'leading - broadcast' })
    expect(line(leading, 'peer_state')).toBe('leading - broadcast')
  })

  test('averages have four decimals at most', () => {
    const view = freshView({ stats: () => stats({ averageLatency: 1 / 3 }) })
    expect(line(view, 'avg_latency')).toBe('0.3333')
    expect(line(freshView({ stats: () => stats({ averageLatency: 0.00061 }) }), 'avg_latency')).toBe('6.0E-4')
    expect(line(view, 'uptime')).toBe('1234')
  })

  test('quotas are added up by namespace', () => {
    const view = freshView({
      quotas: () => [
        { namespace: 'q', limits: { count: 7, bytes: 1000 }, usage: { count: 7, bytes: 0 } },
        { namespace: 'q', limits: { count: 3, bytes: -1 }, usage: undefined },
        { namespace: 'r', limits: undefined, usage: { count: 2, bytes: 9 } },
      ],
    })
    expect(line(view, 'q_quota_count_limit_per_namespace')).toBe('10')
    expect(line(view, 'q_quota_bytes_limit_per_namespace')).toBe('999')
    expect(line(view, 'q_quota_count_usage_per_namespace')).toBe('7')
    expect(line(view, 'r_quota_bytes_usage_per_namespace')).toBe('9')
    expect(line(view, 'r_quota_count_limit_per_namespace')).toBeUndefined()
  })

  test('every line has the form that monitoring tools read', () => {
    for (const each of answer('mntr', busyView()).trimEnd().split('\n')) expect(each).toMatch(/^zk_(\w+)\t.+$/)
  })
})

describe('words', () => {
  test('ruok, isro, gtmk, stmk have no line end', () => {
    expect(answer('ruok', freshView())).toBe('imok')
    expect(answer('isro', freshView())).toBe('rw')
    expect(answer('isro', freshView({ serverState: 'read-only' }))).toBe('ro')
    expect(answer('gtmk', freshView())).toBe('306')
    const set: bigint[] = []
    const view = freshView({ setTraceMask: (mask) => set.push(mask) })
    expect(answer('stmk', view, new Uint8Array([0, 0, 0, 0, 0, 0, 1, 255]))).toBe('511')
    expect(answer('stmk', view, new Uint8Array([255, 255, 255, 255, 255, 255, 255, 251]))).toBe('-5')
    expect(set).toEqual([511n, -5n])
  })

  test('are known by their names', () => {
    const known = 'conf cons crst dirs dump envi gtmk hash isro mntr ruok srst srvr stat stmk wchc wchp wchs'.split(' ')
    const isKnown = (word: string): boolean => argumentBytes(word, 'all') !== undefined
    expect(known.filter((word) => !isKnown(word))).toEqual([])
    expect(['lead', 'orst', 'obsr', 'sysp', 'icfg', 'lsnp', 'RUOK', ''].filter(isKnown)).toEqual([])
    expect(argumentBytes('ruok', 'all')).toBe(0)
    expect(argumentBytes('stmk', 'all')).toBe(8)
    expect(argumentBytes('stmk', new Set(['srvr']))).toBe(0)
    expect(argumentBytes('lead', 'all')).toBeUndefined()
    expect(answer('lead', freshView())).toBe('')
  })

  test('that are not allowed are denied by a sentence', () => {
    const only = new Set(['srvr'])
    const allowed = (word: string): string => [...answerWord(word, freshView(), only)].join('')
    expect(allowed('stat')).toBe('stat is not executed because it is not in the whitelist.\n')
    expect(allowed('stmk')).toBe('stmk is not executed because it is not in the whitelist.\n')
    expect(allowed(TELNET_CLOSE)).toBe('telnet close is not executed because it is not in the whitelist.\n')
    expect(answer(TELNET_CLOSE, freshView())).toBe('')
    expect(allowed('srvr')).toContain('Mode: standalone')
    expect(isAllowedWord('stat', only)).toBe(false)
  })

  test('while not serving', () => {
    const view = freshView({ isServing: false })
    const sentence = 'This ZooKeeper instance is not currently serving requests'
    for (const word of ['conf', 'cons', 'crst', 'dirs', 'dump', 'mntr', 'srst', 'srvr', 'stat', 'wchc', 'wchp', 'wchs']) {
      expect(answer(word, view)).toBe(`${sentence}\n`)
    }
    expect(answer('hash', view)).toBe(sentence)
    expect(answer('ruok', view)).toBe('imok')
    expect(answer('isro', view)).toBe('null')
    expect(answer('gtmk', view)).toBe('306')
    expect(answer('envi', view)).toContain('Environment:\n')
  })

  test('the whitelist is told of', () => {
    expect(whitelistNotices(new Set(['ruok', 'srvr']))[1]).toBe('The list of enabled four letter word commands is : [[ruok, srvr]]')
    expect(whitelistNotices('all')[0]).toMatch(/^The list of known four letter word commands is : \[conf, .*telnet close\]$/)
  })
})

describe('members of an ensemble', () => {
  test('a leader tells of its proposals', () => {
    const view = freshView({ serverState: 'leader', proposalSizes: () => ({ last: -1, min: -1, max: -1 }) })
    expect(answer('srvr', view)).toMatch(/Mode: leader\nNode count: 5\nProposal sizes last\/min\/max: -1\/-1\/-1\n$/)
  })

  test('a read-only server says so', () => {
    expect(answer('srvr', freshView({ serverState: 'read-only' }))).toContain('UTC\nREAD-ONLY mode; serving only read-only clients\nLatency')
  })

  test('conf goes on', () => {
    const quorum = {
      electionAlg: 3,
      initLimit: 10,
      syncLimit: 5,
      electionPort: '21886',
      quorumPort: '21882',
      peerType: 0,
      membership: 'server.1=h:1:2\nversion=0',
    }
    const view = freshView({ conf: () => ({ ...freshView().conf(), quorum }) })
    expect(answer('conf', view)).toMatch(
      /serverId=0\ninitLimit=10\nsyncLimit=5\nelectionAlg=3\nelectionPort=21886\nquorumPort=21882\npeerType=0\nmembership: \nserver.1=h:1:2\nversion=0$/,
    )
  })

  test('a learner lists the sessions of all', () => {
    const global = new Map([[first, 20_000]])
    const learner = freshView({ sessions: () => ({ kind: 'learner', local: undefined, global }), connectionDeadlines: () => undefined })
    expect(answer('dump', learner)).toBe(
      'SessionTracker dump:\nGlobal Sessions(1):\n0x100000d82fa0000\t20000ms\nephemeral nodes dump:\nSessions with Ephemerals (0):\nConnections dump:\n',
    )
    const local = freshView({ sessions: () => ({ kind: 'learner', local: { tracked: 0, buckets: [] }, global: new Map() }) })
    expect(answer('dump', local)).toContain('SessionTracker dump:\nLocal Session Sets (0)/(0):\nGlobal Sessions(0):\n')
  })
})
