// The wrong servers that the comparison has to find.
import type { Mutant } from './mutants.ts'

export const mutants: readonly Mutant[] = []
