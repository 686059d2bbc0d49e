// Ours is killed again and again at any point of many writes, snapshots and rolls. After each time Java opens what is there and finds what
// ours finds, and in it everything that was acknowledged. `KILLS=100` makes it long (8 kills otherwise).
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { NO_NODE } from '../../src/server/tree/node-store.ts'
import { needPeer } from '../peers/peers.ts'
import { temporaryDirectory } from '../peers/processes.ts'
import { killUnderLoad } from './load.ts'
import type { Writer } from './load.ts'
import { javaLines, recoverOurs } from './recovered.ts'
import type { Flags } from './recovered.ts'
import { startSide } from './sides.ts'
import type { Side } from './sides.ts'

const java = await needPeer('java')

const KILLS = Number(process.env['KILLS'] ?? 8)
const WRITERS = 3
/** Of the writers together; each kill comes a few steps later than the one before. */
const FEWEST_STEPS = 40
const STEPS_MORE = 23

/** Small files: most kills fall near a roll or a snapshot. */
const busy = (kill: number): Side => ({ kind: 'ours', config: { snapCount: String(4 + (kill % 5) * 9), preAllocSize: String((kill % 3) * 8) } })
const flags: Flags = { 'zookeeper.extendedTypesEnabled': 'true' }

describe.skipIf(java === undefined)('killed', () => {
  it(
    `${KILLS} times, ours leaves what Java opens`,
    async () => {
      const dataDir = await temporaryDirectory('kills')
      const writers: Writer[] = []
      for (let kill = 0; kill < KILLS; kill++) {
        const server = await startSide(busy(kill), dataDir)
        writers.push(...(await killUnderLoad(server, `kill-${kill}`, WRITERS, FEWEST_STEPS + (kill % 20) * STEPS_MORE)))
        const [theirs, ours] = [await temporaryDirectory('theirs'), await temporaryDirectory('found')]
        for (const copy of [join(theirs, 'it'), ours]) await cp(join(dataDir, 'version-2'), join(copy, 'version-2'), { recursive: true })
        const { line, replica } = recoverOurs(ours, flags)
        expect(line).toContain('mismatches 0')
        expect(await javaLines(theirs, flags), `after kill ${kill}`).toEqual([`it ${line}`])
        for (const { base, acknowledged } of writers) {
          if (acknowledged > 0) expect(replica.tree.store.find(`${base}/step-${acknowledged - 1}`), base).not.toBe(NO_NODE)
        }
        for (const copy of [theirs, ours]) await rm(copy, { recursive: true })
      }
    },
    60_000 + KILLS * 20_000,
  )
})
