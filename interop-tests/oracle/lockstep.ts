// Two servers side by side: every step goes to both, and what comes back has to be the same, connection by connection, before the next one goes.
import { walkTree } from './finale.ts'
import { Generator } from './generator.ts'
import type { GeneratorOptions } from './generator.ts'
import type { Matrix } from './matrix.ts'
import { Side } from './side.ts'
import type { Outcome } from './side.ts'
import { countOf, describeStep } from './steps.ts'
import type { Step } from './steps.ts'

const SHOWN_STEPS = 20

/** Where two servers part. */
export interface Difference {
  readonly seed: number
  readonly configuration: string
  /** Counted in requests and connections. */
  readonly stepNumber: number
  /** Everything up to and including the step that came out differently. */
  readonly steps: readonly Step[]
  readonly reference: Outcome
  readonly subject: Outcome
}

export interface LockstepOptions extends GeneratorOptions {
  readonly stepCount: number
  readonly matrix?: Matrix
}

export interface RunResult {
  readonly stepCount: number
  readonly seconds: number
  readonly difference: Difference | undefined
}

/** Ports of two servers that have served nobody yet. */
export interface Pair {
  readonly reference: number
  readonly subject: number
}

/** Generates and compares steps until there are enough of them or the servers part. */
export async function runLockstep(pair: Pair, options: LockstepOptions): Promise<RunResult> {
  const begin = performance.now()
  const generator = new Generator(options)
  const reference = new Side(pair.reference)
  const subject = new Side(pair.subject)
  const steps: Step[] = []
  let stepCount = 0
  let difference: Difference | undefined
  const take = async (step: Step): Promise<Outcome | undefined> => {
    steps.push(step)
    stepCount += countOf(step)
    const [one, other] = await Promise.all([reference.run(step), subject.run(step)])
    if (areEqual(one, other)) {
      options.matrix?.count(step, one)
      return one
    }
    difference = { seed: options.seed, configuration: options.configuration.name, stepNumber: stepCount, steps, reference: one, subject: other }
    return undefined
  }
  try {
    while (stepCount < options.stepCount && difference === undefined) {
      const step = generator.next()
      const outcome = await take(step)
      if (outcome !== undefined) generator.learn(step, outcome)
    }
    if (difference === undefined) await walkTree(options.configuration, generator.world.zxid, take)
  } finally {
    reference.close()
    subject.close()
  }
  return { stepCount, seconds: (performance.now() - begin) / 1000, difference }
}

/** Plays steps that were generated before; gives the number of the first that came out differently. */
export async function replay(pair: Pair, steps: readonly Step[]): Promise<{ at: number; reference: Outcome; subject: Outcome } | undefined> {
  const reference = new Side(pair.reference)
  const subject = new Side(pair.subject)
  try {
    for (const [at, step] of steps.entries()) {
      const [one, other] = await Promise.all([reference.run(step), subject.run(step)])
      if (!areEqual(one, other)) return { at, reference: one, subject: other }
    }
    return undefined
  } finally {
    reference.close()
    subject.close()
  }
}

function areEqual(one: Outcome, other: Outcome): boolean {
  return one.lines.every((lines, slot) => {
    const others = other.lines[slot]
    return lines.length === others.length && lines.every((line, at) => line === others[at])
  })
}

/** A difference for people: how to see it again, what led to it, what each server said. */
export function describeDifference({ seed, configuration, stepNumber, steps, reference, subject }: Difference): string {
  const shown = steps.slice(-SHOWN_STEPS).flatMap(describeStep)
  return [
    `The servers part at step ${stepNumber} of seed ${seed} (configuration "${configuration}"). Again: SEED=${seed} STEPS=${stepNumber}`,
    `The last steps:`,
    ...shown.map((line) => `  ${line}`),
    ...describeOutcomes(reference, subject),
  ].join('\n')
}

/** What the two servers said, slot by slot, where it differs. */
export function describeOutcomes(reference: Outcome, subject: Outcome): string[] {
  return reference.lines.flatMap((lines, slot) => {
    const others = subject.lines[slot]
    const first = Array.from({ length: Math.max(lines.length, others.length) }, (_, at) => at).find((at) => lines[at] !== others[at])
    if (first === undefined) return []
    const from = Math.max(0, first - 1)
    const show = (all: readonly string[]): string[] => all.slice(from, first + 4).map((line, at) => `    ${from + at === first ? '>' : ' '} ${line}`)
    return [`slot ${slot}, line ${first + 1}:`, `  reference:`, ...show(lines), `  ours:`, ...show(others)]
  })
}
