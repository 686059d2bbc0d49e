// A Java program of ours that uses an application and answers the questions of a play.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { compiledAgainst, javaCommandLine } from './jars.ts'
import type { Dialogue } from './dialogue.ts'
import type { Stage } from './stage.ts'

export interface JavaUser {
  /** For the failure report. */
  readonly name: string
  /** Of the package tskeeper.apps. */
  readonly mainClass: string
  /** The directory of its sources; those in `java`, which all users share, go with them. */
  readonly sources: string
  readonly args: readonly string[]
  readonly heapMegabytes: number
  /** More flags of its JVM, made for the directory that it runs in. */
  readonly jvmFlags?: (home: string) => Promise<readonly string[]>
}

/** Compiles it against the library of the stage, starts it, and waits until it is ready for questions. */
export async function startJavaUser(stage: Stage, user: JavaUser): Promise<Dialogue> {
  const sources = await Promise.all([user.sources, join(import.meta.dirname, 'java')].map(javaFilesIn))
  const classes = await compiledAgainst(stage.library, sources.flat())
  const home = await stage.directory()
  const command = await javaCommandLine({
    library: stage.library,
    home,
    mainClass: `tskeeper.apps.${user.mainClass}`,
    args: user.args,
    heapMegabytes: user.heapMegabytes,
    classPath: [classes],
    jvmFlags: await user.jvmFlags?.(home),
  })
  return await stage.converse(user.name, command, home)
}

async function javaFilesIn(directory: string): Promise<string[]> {
  const names = await readdir(directory)
  return names
    .filter((name) => name.endsWith('.java'))
    .sort()
    .map((name) => join(directory, name))
}
