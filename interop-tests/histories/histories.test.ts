// Real processes of ours under kill -9, SIGSTOP, broken, one-way and forgotten connections, and clients that ask all the time: what they are told
// can be explained by one order of all writes and synced reads, no client's zxid goes back, its requests take effect in its order, and no session
// is lost. In `make test` a few seeds of a few rounds; TSK_HISTORIES_SEEDS=20 TSK_HISTORIES_ROUNDS=30 for many, TSK_HISTORIES_FROM=7 begins with
// another seed. A seed says what happens, not what comes of it: the processes have their own time.
import { expect, it } from 'vitest'
import type { EnsembleOptions } from '../ensemble/ensemble.ts'
import { PATIENCE_MS, run } from './run.ts'
import { drawRound, playRound } from './troubles.ts'

const seeds = Number(process.env['TSK_HISTORIES_SEEDS'] ?? 2)
const rounds = Number(process.env['TSK_HISTORIES_ROUNDS'] ?? 6)
const from = Number(process.env['TSK_HISTORIES_FROM'] ?? 1)

const LIMIT_MS = 60_000 + rounds * 60_000

/** By turns. */
const ensembles: readonly Pick<EnsembleOptions, 'voters' | 'observer'>[] = [
  { voters: ['ours', 'ours', 'ours', 'ours', 'ours'] },
  { voters: ['ours', 'ours', 'ours'] },
  { voters: ['ours', 'ours', 'ours'], observer: 'ours' },
]

it.each(Array.from({ length: seeds }, (_none, index) => from + index))(
  'seed %i',
  async (seed) => {
    const figures = await run({ seed, ...ensembles[seed % ensembles.length] }, async (scene) => {
      for (let count = 0; count < rounds; count++) {
        const round = drawRound(scene.random, PATIENCE_MS)
        scene.tell(JSON.stringify(round))
        await playRound(scene, round)
        await scene.served()
      }
    })
    console.log(JSON.stringify(figures))
    expect(figures.operations).toBeGreaterThan(0)
  },
  LIMIT_MS,
)
