// Restarts a server under a connected client. The client's program says "ready", is told with one line of input that the server is back,
// then checks that it lost nothing and says "kept"; at the end of its input it says "done".
import { eventually, startProgram } from './processes.ts'
import { restartServer, startServer } from './server-under-test.ts'

const ROUND_LIMIT_MS = 120_000

/** Lets a client program live through a clean stop (SIGTERM) and a crash (SIGKILL) of its server; gives the lines that it wrote. */
export async function surviveRestarts(command: (address: string) => readonly string[], env: Record<string, string> = {}): Promise<string[]> {
  let server = await startServer()
  const [program, ...args] = command(`127.0.0.1:${server.port}`)
  const client = startProgram(program, args, { env })
  const lines = (): string[] => client.output().trimEnd().split('\n')
  const said = (word: string, times: number): Promise<true> =>
    eventually(`the client says "${word}" (so far: ${client.output()})`, ROUND_LIMIT_MS, () => {
      if (lines().filter((line) => line === word).length >= times) return true
      if (client.hasEnded()) throw new Error(`the client ended early:\n${client.output()}`)
      return undefined
    })
  try {
    let round = 0
    for (const how of ['stop', 'kill'] as const) {
      round += 1
      await said('ready', round)
      server = await restartServer(server, how)
      client.write('restarted\n')
      await said('kept', round)
    }
    await said('ready', round + 1)
    client.endInput()
    await client.ended
    return lines()
  } finally {
    await client.kill()
    await server.kill()
  }
}

/** What a client that lost nothing writes. */
export const survived = ['ready', 'kept', 'ready', 'kept', 'ready', 'done']
