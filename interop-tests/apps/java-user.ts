// A Java program of ours that uses an application and answers the questions of a play.
import { join } from 'node:path'
import { compiledAgainst, javaCommandLine } from './jars.ts'
import type { Dialogue } from './dialogue.ts'
import { log4jFlag } from './log4j.ts'
import type { Stage } from './stage.ts'

export interface JavaUser {
  /** For the failure report. */
  readonly name: string
  /** Of the package tskeeper.apps. */
  readonly mainClass: string
  /** Its source files in this directory, as 'kafka/KafkaUser'. */
  readonly sources: readonly string[]
  readonly args: readonly string[]
  readonly heapMegabytes: number
}

/** Compiles it against the library of the stage, starts it, and waits until it is ready for questions. */
export async function startJavaUser(stage: Stage, user: JavaUser): Promise<Dialogue> {
  const classes = await compiledAgainst(stage.library, user.sources.map((source) => join(import.meta.dirname, `${source}.java`)))
  const home = await stage.directory()
  const command = javaCommandLine({
    library: stage.library,
    mainClass: `tskeeper.apps.${user.mainClass}`,
    args: user.args,
    heapMegabytes: user.heapMegabytes,
    classPath: [classes],
    jvmFlags: [await log4jFlag(home)],
  })
  return await stage.converse(user.name, command, home)
}
