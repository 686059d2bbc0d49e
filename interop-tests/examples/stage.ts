// Where the example programs are tried: on one server that is killed and started again, and on an ensemble whose leader is killed. Either happens
// in the middle of what they do.
import { afterEach, beforeEach } from 'vitest'
import { connect } from '../../examples/zookeeper.mjs'
import type { Session } from '../../examples/zookeeper.mjs'
import { startTestEnsemble, startTestServer } from '../../src/testing/index.ts'

const PATIENCE_MS = 60_000
/** Sessions outlive the trouble; those that are to end are ended. */
const settings = { tickTime: 500, fourLetterWords: 'all', initLimit: 10, syncLimit: 10 } as const

interface Servers {
  readonly connectString: string
  /** Ports of the servers that run. */
  ports(): number[]
  expireSession(id: bigint): Promise<boolean>
  /** What kills a server; resolves when its place is taken. */
  trouble(): Promise<void>
  close(): Promise<void>
}

interface Place {
  readonly name: string
  open(): Promise<Servers>
}

export const places: readonly Place[] = [
  {
    name: 'one server, killed',
    open: async () => {
      const server = await startTestServer({ settings })
      const trouble = async (): Promise<void> => {
        await server.kill()
        await server.restart()
      }
      return {
        connectString: server.connectString,
        ports: () => [server.port],
        expireSession: (id) => server.expireSession(id),
        trouble,
        close: () => server.close(),
      }
    },
  },
  {
    name: 'an ensemble whose leader is killed',
    open: async () => {
      const ensemble = await startTestEnsemble(3, { settings, timeoutMs: PATIENCE_MS })
      const trouble = async (): Promise<void> => {
        await ensemble.kill((await ensemble.leader()).id)
        await ensemble.leader()
      }
      return {
        connectString: ensemble.connectString,
        ports: () => ensemble.members.filter(({ role }) => role !== undefined).map(({ port }) => port),
        expireSession: (id) => ensemble.expireSession(id),
        trouble,
        close: () => ensemble.close(),
      }
    },
  },
]

export interface Stage {
  readonly servers: Servers
  /** Sessions that end with the test. */
  sessions(count: number): Promise<Session[]>
}

/** Servers of their own for each test of the block. */
export function useStage(place: Place): Stage {
  const opened: Session[] = []
  let servers: Servers
  beforeEach(async () => {
    servers = await place.open()
  })
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((session) => (session.isOver ? undefined : session.close())))
    await servers.close()
  })
  return {
    get servers() {
      return servers
    },
    sessions: async (count) => {
      const sessions = await Promise.all(Array.from({ length: count }, () => connect(servers.connectString, { patience: PATIENCE_MS })))
      opened.push(...sessions)
      return sessions
    },
  }
}

/** Waits until it is so; the message shows what was so last. */
export async function until(what: string, isSo: () => boolean, shown: () => unknown = () => ''): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; !isSo();) {
    if (performance.now() > end) throw new Error(`${what}: not within ${PATIENCE_MS} ms, ${JSON.stringify(shown())}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
