/**
 * Which voters may decide, counted by hand: the servers have this from their configuration and count it in their own way. Where there are groups,
 * more than half of the weight in more than half of the groups that have any.
 */
import type { SeededRandom } from './seeded-random.ts'

export interface Electorate {
  readonly voters: number
  /** Members by group number; empty = each voter has one vote. */
  readonly groups: ReadonlyMap<number, readonly number[]>
  readonly weights: ReadonlyMap<number, number>
}

const GROUPED_CHANCE = 0.2

const THREE: readonly Pick<Electorate, 'groups' | 'weights'>[] = [
  { groups: new Map([[1, [1, 2, 3]]]), weights: new Map([[1, 2]]) },
  { groups: new Map([[1, [1, 2, 3]]]), weights: new Map([[3, 0]]) },
]
const FIVE: readonly Pick<Electorate, 'groups' | 'weights'>[] = [
  {
    groups: new Map([
      [1, [1, 2]],
      [2, [3, 4]],
      [3, [5]],
    ]),
    weights: new Map(),
  },
  { groups: new Map([[1, [1, 2, 3, 4, 5]]]), weights: new Map([[1, 3]]) },
  {
    groups: new Map([
      [1, [1, 2, 3]],
      [2, [4, 5]],
    ]),
    weights: new Map([
      [2, 2],
      [4, 0],
      [5, 0],
    ]),
  },
]

export function drawElectorate(random: SeededRandom): Electorate {
  const voters = random.pick([3, 3, 3, 5])
  if (!random.chance(GROUPED_CHANCE)) return { voters, groups: new Map(), weights: new Map() }
  return { voters, ...random.pick(voters === 3 ? THREE : FIVE) }
}

export function canDecide({ voters, groups, weights }: Electorate, ids: ReadonlySet<number>): boolean {
  if (groups.size === 0) {
    let count = 0
    for (let id = 1; id <= voters; id++) if (ids.has(id)) count++
    return count > voters / 2
  }
  let weighty = 0
  let won = 0
  for (const members of groups.values()) {
    let [all, here] = [0, 0]
    for (const id of members) {
      const weight = weights.get(id) ?? 1
      all += weight
      if (ids.has(id)) here += weight
    }
    if (all > 0) weighty++
    if (here > all / 2) won++
  }
  return won > weighty / 2
}
