// How a server ends that cannot keep what it would say, and what the next one finds.
import { expect } from 'vitest'
import type { Result } from '../peers/processes.ts'
import type { ServerOptions, ServerProcess } from '../peers/server-process.ts'
import { startTsKeeper } from '../peers/tskeeper.ts'
import { observe } from '../storage/observation.ts'
import { RawSession } from '../wire/raw-session.ts'
import type { SequenceWriter } from './sequence.ts'

const MORE_STEPS = 32

/** The server has said why, once, and ended with the code, which is its last word. */
export function expectFatal({ code, signal, stdout }: Result, exitCode: number): void {
  const lines = stdout
    .trimEnd()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { level: string; msg: string })
  expect({ code, signal, last: lines.at(-1)?.msg }).toEqual({ code: exitCode, signal: null, last: `Exiting with code ${exitCode}` })
  const reasons = lines.filter(({ level, msg }) => (level === 'error' || level === 'fatal') && !msg.startsWith('Exiting'))
  expect(reasons.map(({ msg }) => msg)).toHaveLength(1)
}

type Start = (options: ServerOptions) => Promise<ServerProcess>

/** A server on a disk that is in order has everything that was acknowledged, and goes on. */
export async function expectFound(dataDir: string, writers: readonly SequenceWriter[], start: Start = startTsKeeper): Promise<void> {
  const server = await start({ dataDir })
  try {
    const observer = await RawSession.open(server.port, { timeoutMs: 60_000 })
    for (const writer of writers) await writer.attach(server.port)
    const seen = await observe(server.port, observer)
    for (const writer of writers) {
      writer.settle(seen)
      const before = writer.acknowledged
      await writer.write(() => writer.acknowledged >= before + MORE_STEPS)
      expect(writer.acknowledged).toBeGreaterThan(before)
      writer.drop()
    }
    observer.drop()
  } finally {
    await server.kill()
  }
}
