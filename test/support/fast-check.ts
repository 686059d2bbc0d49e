/**
 * Property tests draw the same cases in every run, so that what passes here passes everywhere. `FAST_CHECK_SEED=…` draws
 * others; a failure prints its seed.
 */
import fc from 'fast-check'

const DEFAULT_SEED = 20_261_122

fc.configureGlobal({ seed: Number(process.env['FAST_CHECK_SEED'] ?? DEFAULT_SEED) })
