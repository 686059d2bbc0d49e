// A Java program that sets one of Curator's recipes to work, as a process on this machine.
import type { Dialogue } from '../dialogue.ts'
import { applicationLibrary } from '../jars.ts'
import { startJavaUser } from '../java-user.ts'
import type { Stage } from '../stage.ts'

const curatorVersion = '5.9.0'

/** What the registry of peers needs to know. The place is the directory of the jars. */
export const curatorPeer = {
  version: curatorVersion,
  prepare: () =>
    applicationLibrary(
      `curator-${curatorVersion}`,
      ['discovery', 'async'].map((part) => ({
        name: `org.apache.curator:curator-x-${part}:${curatorVersion}`,
        without: ['io.netty:netty-tcnative-boringssl-static'],
      })),
    ),
}

/** Starts a program for one recipe and waits until it is ready to begin. */
export async function startCuratorUser(stage: Stage, recipe: string, sessionTimeoutMs: number, name = 'user'): Promise<Dialogue> {
  return await startJavaUser(stage, {
    name,
    mainClass: 'CuratorUser',
    sources: import.meta.dirname,
    args: [stage.connectString, String(sessionTimeoutMs), recipe],
    heapMegabytes: 256,
  })
}
