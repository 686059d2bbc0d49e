// The fixtures of vitest, used by vitest.
import { describe, expect, test as plain } from 'vitest'
import { it, test, zookeeperFixtures } from '../../src/testing/vitest.ts'
import type { ZooKeeperFixtures } from '../../src/testing/vitest.ts'
import { answers } from '../support/answers.ts'

const seen: number[] = []

describe('with servers as fixtures', () => {
  test('a test has a server', async ({ zookeeper }) => {
    expect(await answers(zookeeper.port)).toBe(true)
    seen.push(zookeeper.port)
  })

  it('which was closed after it; the next one has another', async ({ zookeeper }) => {
    expect(await answers(zookeeper.port)).toBe(true)
    expect(zookeeper.port === seen[0] || !(await answers(seen[0]))).toBe(true)
    await zookeeper.stop()
    expect(await answers(zookeeper.port)).toBe(false)
  })

  test('a test has an ensemble', async ({ ensemble }) => {
    expect(ensemble.members.map(({ role }) => role).sort()).toEqual(['follower', 'follower', 'leader'])
  })

  test.extend({ ensembleOptions: { size: 1, observers: 1 } })('of its own size', async ({ ensemble }) => {
    expect(ensemble.members.map(({ role }) => role)).toEqual(['leader', 'observer'])
  })

  plain.extend<{ own: string }>({ own: 'own' }).extend<ZooKeeperFixtures>(zookeeperFixtures)('beside fixtures of its own', async ({ own, zookeeper }) => {
    expect([own, await answers(zookeeper.port)]).toEqual(['own', true])
  })
})
