// False death: a leader is frozen for longer than the others wait for it, another is elected, and it goes on. It acknowledges nothing that is not
// kept, and comes back as a follower. Ours and a Java server in one ensemble, and each kind suffers it.
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Kind } from '../ensemble/member.ts'
import { needPeer } from '../peers/peers.ts'
import { PATIENCE_MS, run } from './run.ts'
import type { Scene } from './run.ts'

const java = await needPeer('java')

const MOST_DEATHS = 8

async function falseDeath({ ensemble, tell, served }: Scene): Promise<Kind> {
  const leader = await ensemble.leader()
  tell(`${leader.name} is frozen`)
  leader.signal('SIGSTOP')
  await pause(PATIENCE_MS * 1.75)
  leader.signal('SIGCONT')
  await served()
  const next = await ensemble.leader()
  expect(next).not.toBe(leader)
  expect(await leader.mode()).toBe('follower')
  return leader.kind
}

describe.skipIf(java === undefined)('false death', () => {
  // A Java leader that goes on takes its own word for it that it still leads: for a moment a sync there vouches for nothing.
  it('of leaders of each kind', async () => {
    const figures = await run({ seed: 1, voters: ['ours', 'ours', 'java'], syncs: false }, async (scene) => {
      const frozen = new Set<Kind>()
      for (let deaths = 0; frozen.size < 2 && deaths < MOST_DEATHS; deaths++) frozen.add(await falseDeath(scene))
      expect(frozen.size).toBe(2)
    })
    console.log(JSON.stringify(figures))
  })
})
