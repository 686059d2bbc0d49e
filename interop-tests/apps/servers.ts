// The servers that an application runs on: one or an ensemble of three, ours or Java's, with the blows that both can be dealt in the same words.
import { Ensemble } from '../ensemble/ensemble.ts'
import { restartServer, startServerOf } from '../peers/server-under-test.ts'
import type { Kind } from '../peers/server-under-test.ts'

/** On what a scenario is played. */
export type Formation = 'server' | 'ensemble'

export interface Servers {
  /** What a ZooKeeper client connects to; stays the same whatever happens to the servers. */
  readonly connectString: string
  /** Of each server, what it has written in this life. */
  logs(): { readonly name: string; readonly text: string }[]
  /** Stops all servers and starts them again on their ports and their data. */
  restart(): Promise<void>
  /**
   * Kills (SIGKILL) the server that leads and starts it again. An ensemble goes on without it while `meanwhile` runs; a lone server, without
   * which nothing goes on, is back before.
   */
  killLeader(meanwhile: () => Promise<void>): Promise<void>
  end(): Promise<void>
}

export interface ServersOptions {
  readonly kind: Kind
  readonly formation: Formation
  /** System properties of the servers. */
  readonly properties?: Readonly<Record<string, string>> | undefined
}

export async function startServers({ kind, formation, properties = {} }: ServersOptions): Promise<Servers> {
  return formation === 'server' ? await loneServer(kind, properties) : await ensembleOfThree(kind, properties)
}

async function loneServer(kind: Kind, properties: Readonly<Record<string, string>>): Promise<Servers> {
  // As the members of an ensemble have it.
  const options = { properties, config: { maxSessionTimeout: '40000' } }
  let server = await startServerOf(kind, options)
  return {
    connectString: `127.0.0.1:${server.port}`,
    logs: () => [{ name: 'server', text: server.log() }],
    async restart() {
      server = await restartServer(server, 'stop', options, kind)
    },
    async killLeader(meanwhile) {
      server = await restartServer(server, 'kill', options, kind)
      await meanwhile()
    },
    async end() {
      await server.kill()
    },
  }
}

async function ensembleOfThree(kind: Kind, properties: Readonly<Record<string, string>>): Promise<Servers> {
  const ensemble = await Ensemble.start({ voters: [kind, kind, kind], properties })
  return {
    connectString: ensemble.members.map(({ port }) => `127.0.0.1:${port}`).join(','),
    logs: () => ensemble.members.map((member) => ({ name: member.name, text: member.log() })),
    async restart() {
      await Promise.all(ensemble.members.map((member) => member.stop()))
      await Promise.all(ensemble.members.map((member) => member.start()))
      await ensemble.allServe()
    },
    async killLeader(meanwhile) {
      const leader = await ensemble.leader()
      await leader.kill()
      await meanwhile()
      await leader.start()
      await ensemble.allServe()
    },
    end: () => ensemble.end(),
  }
}
