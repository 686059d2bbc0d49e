// A process of `make simulate`: is sent seeds one by one, answers with what became of each.
import process from 'node:process'
import { ENSEMBLE_MUTANTS } from '../../.cache/simulate/sim/ensemble-mutants.js'
import { simulateEnsemble } from '../../.cache/simulate/sim/ensemble-simulation.js'
import { MUTANTS } from '../../.cache/simulate/sim/mutants.js'
import { simulate } from '../../.cache/simulate/sim/simulation.js'

process.on('message', ({ seed, ensemble, mutant }) => {
  const isMutant = ({ name }) => name === mutant
  const { failure, ...outcome } = ensemble
    ? simulateEnsemble(seed, { defect: ENSEMBLE_MUTANTS.find(isMutant)?.defect })
    : simulate(seed, { mutation: MUTANTS.find(isMutant)?.mutate })
  process.send({ ...outcome, failure: failure && { name: failure.name, message: failure.message, stack: failure.stack } })
})
process.on('disconnect', () => process.exit())
