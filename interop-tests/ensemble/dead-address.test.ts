// Three voters with two addresses each, one of which is a name that nobody knows: they elect, serve and name it once, ours as Java's.
import { afterEach, describe, expect, it } from 'vitest'
import { needPeer } from '../peers/peers.ts'
import { Ensemble } from './ensemble.ts'
import type { Kind } from './member.ts'
import { writeThrough } from './workload.ts'

const java = await needPeer('java')

const LIMIT_MS = 120_000
/** RFC 2606: never the name of anything. */
const NOWHERE = 'nowhere.invalid'

let ensemble: Ensemble | undefined

afterEach(async () => {
  await ensemble?.end()
  ensemble = undefined
})

/** Properties: a Java server reads its server lines before the keys that it would know them by. */
const properties = { 'zookeeper.multiAddress.enabled': 'true', 'zookeeper.multiAddress.reachabilityCheckEnabled': 'false' }

async function serve(voters: readonly Kind[]): Promise<Ensemble> {
  const started = (ensemble = await Ensemble.start({ voters, alsoAt: NOWHERE, properties }))
  await Promise.all(started.members.map((member) => writeThrough(member, `/through-${member.place.id}`)))
  await started.agree()
  return started
}

describe('voters of which one address of two is dead', () => {
  it(
    'serve, with a leader that listens on the other one and names the dead one once',
    async () => {
      const leader = await (await serve(['ours', 'ours', 'ours'])).leader()
      const named = leader.log().match(new RegExp(`Cannot bind the quorum port ${NOWHERE.replace('.', '\\.')}:\\d+`, 'g'))
      expect(named).toHaveLength(1)
    },
    LIMIT_MS,
  )

  it.skipIf(java === undefined)(
    'serve as Java servers do, and beside one',
    async () => {
      await serve(['java', 'java', 'java'])
      await ensemble!.end()
      await serve(['ours', 'java', 'ours'])
    },
    LIMIT_MS,
  )
})
