// What a server of ours has in use, everything collected that is garbage: asked of a probe that is loaded into its process.
import { join } from 'node:path'
import { fourLetterWord } from './server-process.ts'

const LIMIT_MS = 60_000
const MB = 1024 * 1024

export interface Memory {
  readonly rss: number
  readonly heapUsed: number
  readonly arrayBuffers: number
}

/** For the command line and the environment of a server that can be asked. */
export function withMemoryProbe(port: number): { nodeFlags: string[]; env: Record<string, string> } {
  return { nodeFlags: ['--import', join(import.meta.dirname, 'memory-probe.mjs')], env: { TSK_PROBE_PORT: String(port) } }
}

export async function memoryOf(probePort: number): Promise<Memory> {
  return JSON.parse(await fourLetterWord(probePort, '', LIMIT_MS)) as Memory
}

/** What can be counted. */
export function inUse({ heapUsed, arrayBuffers }: Memory): number {
  return heapUsed + arrayBuffers
}

export function megabytes({ rss, heapUsed, arrayBuffers }: Memory): string {
  const mb = (bytes: number): string => (bytes / MB).toFixed(0)
  return `${mb(rss)} MB (heap ${mb(heapUsed)}, buffers ${mb(arrayBuffers)})`
}
