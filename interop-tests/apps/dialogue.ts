// Questions to a Java program of ours and its answers, one line each (the other side is Dialogue.java).
import { eventually } from '../peers/processes.ts'
import type { RunningProgram } from '../peers/processes.ts'

const ANSWER_LIMIT_MS = 90_000
/** Several Java programs may start at a time, on a machine that has other things to do. */
const START_LIMIT_MS = 120_000

export interface Dialogue {
  readonly program: RunningProgram
  /** Asks "verb argument…"; throws when the program answers that it failed, ends, or says nothing for `ANSWER_LIMIT_MS`. */
  ask(question: string): Promise<string>
}

/** Waits until the program is ready for questions. */
export async function startDialogue(program: RunningProgram): Promise<Dialogue> {
  let asked = 0
  await answerTo(program, 0, 'start', START_LIMIT_MS)
  return {
    program,
    async ask(question) {
      asked++
      program.write(`${asked} ${question}\n`)
      return await answerTo(program, asked, question)
    },
  }
}

async function answerTo(program: RunningProgram, number: number, question: string, limitMs = ANSWER_LIMIT_MS): Promise<string> {
  const pattern = new RegExp(`<<${number} (ok|failed) (.*)>>\\n`)
  const [, outcome, text] = await eventually(`the answer to '${question}'`, limitMs, () => {
    const answer = pattern.exec(program.output())
    if (answer === null && program.hasEnded()) throw new Error(`the program ended at '${question}'`)
    return answer ?? undefined
  })
  if (outcome === 'failed') throw new Error(`'${question}' failed: ${text}`)
  return text
}
