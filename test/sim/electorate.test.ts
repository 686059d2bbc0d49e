// The simulation's own count of votes, beside that of the servers.
import { describe, expect, it } from 'vitest'
import { parseQuorumConfig } from '../../src/quorum/config/quorum-config.ts'
import { canDecide, drawElectorate } from '../../src/sim/electorate.ts'
import { SeededRandom } from '../../src/sim/seeded-random.ts'

describe('an electorate', () => {
  it('with weights counts weights, not heads', () => {
    const electorate = { voters: 3, groups: new Map([[1, [1, 2, 3]]]), weights: new Map([[1, 2]]) }
    expect(canDecide(electorate, new Set([1, 2]))).toBe(true)
    expect(canDecide(electorate, new Set([2, 3]))).toBe(false)
  })

  it('is counted as the servers count it, whoever votes', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const electorate = drawElectorate(new SeededRandom(seed))
      const { voters, groups, weights } = electorate
      const ids = Array.from({ length: voters }, (_, index) => index + 1)
      const lines = [
        ...ids.map((id) => `server.${id}=127.0.0.1:${id}:1${id}:participant`),
        ...[...groups].map(([gid, members]) => `group.${gid}=${members.join(':')}`),
        ...[...weights].map(([id, weight]) => `weight.${id}=${weight}`),
      ]
      const config = parseQuorumConfig(lines.join('\n'))
      for (let bits = 0; bits < 1 << voters; bits++) {
        const chosen = ids.filter((id) => (bits & (1 << (id - 1))) !== 0)
        expect(canDecide(electorate, new Set(chosen)), `${lines.join(' ')}: ${chosen}`).toBe(config.containsQuorum(new Set(chosen.map(BigInt))))
      }
    }
  })
})
