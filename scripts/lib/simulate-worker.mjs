// A process of `make simulate`: is sent seeds one by one, answers with what became of each.
import process from 'node:process'
import { MUTANTS } from '../../.cache/simulate/sim/mutants.js'
import { simulate } from '../../.cache/simulate/sim/simulation.js'

process.on('message', ({ seed, mutant }) => {
  const mutation = MUTANTS.find(({ name }) => name === mutant)?.mutate
  const { failure, ...outcome } = simulate(seed, { mutation })
  process.send({ ...outcome, failure: failure && { name: failure.name, message: failure.message, stack: failure.stack } })
})
process.on('disconnect', () => process.exit())
