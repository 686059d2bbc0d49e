// A Java program that sets one of Curator's recipes to work, as a process on this machine.
import { join } from 'node:path'
import { applicationLibrary, compiledAgainst, javaCommandLine } from '../jars.ts'
import type { Dialogue } from '../dialogue.ts'
import { log4jFlag } from '../log4j.ts'
import type { Stage } from '../stage.ts'

const curatorVersion = '5.9.0'

/**
 * What the registry of peers needs to know. The place is the directory of the jars, the ZooKeeper client that Curator asks for and a logging
 * library among them.
 */
export const curatorPeer = {
  version: curatorVersion,
  prepare: () =>
    applicationLibrary(`curator-${curatorVersion}`, [
      ...['discovery', 'async'].map((part) => ({ name: `org.apache.curator:curator-x-${part}:${curatorVersion}`, without: ['io.netty:netty-tcnative-boringssl-static'] })),
      { name: 'org.slf4j:slf4j-reload4j:1.7.36' },
    ]),
}

const parts = ['Recipe', 'Clients', 'Guarded', 'Tally']
const recipes = ['Locks', 'Elections', 'Barriers', 'Queues', 'Counters', 'Caches', 'Members', 'Discovery', 'Operations']
const sources = [...[...parts, ...recipes, 'CuratorUser'].map((name) => `curator/${name}`), ...['Dialogue', 'Check', 'Steps'].map((name) => `java/${name}`)]

/** Starts a program for one recipe and waits until it is ready to begin. */
export async function startCuratorUser(stage: Stage, recipe: string, sessionTimeoutMs: number, name = 'user'): Promise<Dialogue> {
  const classes = await compiledAgainst(stage.library, sources.map((source) => join(import.meta.dirname, '..', `${source}.java`)))
  const home = await stage.directory()
  const command = javaCommandLine({
    library: stage.library,
    mainClass: 'tskeeper.apps.CuratorUser',
    args: [stage.connectString, String(sessionTimeoutMs), recipe],
    heapMegabytes: 256,
    classPath: [classes],
    jvmFlags: [await log4jFlag(home)],
  })
  return await stage.converse(name, command, home)
}
