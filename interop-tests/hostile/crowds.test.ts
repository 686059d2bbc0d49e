// Crowds of clients that behave badly, each crowd in a process of its own: what a normal client beside them has to wait is printed, and the memory
// that the server has in use when they are gone, everything collected, must be what it was after a first, small crowd of each kind. The C library is
// told to give large pieces back to the system when they are freed (docs/limits.md, Memory). TSK_HOSTILE=full sends the crowds in full number.
import { join } from 'node:path'
import { afterAll, beforeAll, it } from 'vitest'
import { inUse, megabytes, memoryOf, withMemoryProbe } from '../peers/memory.ts'
import type { Memory } from '../peers/memory.ts'
import { freePort } from '../peers/ports.ts'
import { eventually, runProgram, startProgram } from '../peers/processes.ts'
import { fourLetterWord, startServerProcess } from '../peers/server-process.ts'
import type { ServerProcess } from '../peers/server-process.ts'
import { tskeeperCommand } from '../peers/tskeeper.ts'
import { all, create, play } from '../storage/requests.ts'
import { NormalClient } from './normal-client.ts'

const isFull = process.env['TSK_HOSTILE'] === 'full'
/** Of the full number. */
const SHARE = isFull ? 1 : 0.1
const WINDOW_MS = isFull ? 8000 : 1500
/** Of the sessions of a crowd: it may go on so long, and is remembered so long. */
const TIMEOUT_MS = isFull ? 20_000 : 4000
const READY_LIMIT_MS = 120_000
const GONE_LIMIT_MS = 60_000
const MAX_GROWTH_BYTES = 20 * 1024 * 1024
/** Of what can be counted, after all crowds together. */
const MAX_LEFT_BYTES = 5 * 1024 * 1024
const FIRST_CROWD = 50
/** From this size on a piece of memory goes back when it is freed. */
const MALLOC_MMAP_THRESHOLD_ = String(128 * 1024)
/** Of a process with so many connections. */
const OTHER_DESCRIPTORS = 200

interface Crowd {
  readonly way: string
  readonly size: number
}

const crowds: Crowd[] = [
  { way: 'half a frame', size: 1000 },
  { way: 'not reading', size: 1000 },
  { way: 'watching, not reading', size: 1000 },
  { way: 'a byte at a time', size: 1000 },
  { way: 'idle', size: 10_000 },
  { way: 'half a handshake', size: 10_000 },
].map(({ way, size }) => ({ way, size: size * SHARE }))

let server: ServerProcess
let normal: NormalClient
let probePort: number
let descriptors: number
let first: Memory

/** As many descriptors as the system lets a process have. */
const withDescriptors = (command: readonly string[]): string[] => ['/bin/sh', '-c', 'ulimit -n "$(ulimit -Hn)"; exec "$@"', 'sh', ...command]

beforeAll(async () => {
  descriptors = Number((await runProgram('/bin/sh', ['-c', 'ulimit -Hn'])).stdout.trim().replace('unlimited', '1000000'))
  probePort = await freePort()
  const { nodeFlags, env } = withMemoryProbe(probePort)
  const command = (configFile: string): string[] => {
    const [node, ...args] = tskeeperCommand('start-foreground', configFile)
    return withDescriptors([node, ...nodeFlags, ...args])
  }
  const config = { maxSessionTimeout: '60000', snapCount: '1000000' }
  server = await startServerProcess(command, { config, env: { ...env, ZOO_LOG_LEVEL: 'error', MALLOC_MMAP_THRESHOLD_ } })
  normal = await NormalClient.open(server.port, '/normal', 'normal:client')
  await play(normal.session, all(create('/big', Buffer.alloc(1_000_000, 7)), create('/small'), create(`/${'w'.repeat(1000)}`)))
  normal.start()
  console.log(`fresh: memory ${megabytes(await memory())}`)
  for (const { way } of crowds) await visit(way, FIRST_CROWD, 500)
  await allGone()
  first = await memory()
  await pass(WINDOW_MS)
  console.log(`nobody else: ${waits(0)}; memory ${megabytes(first)}`)
})
afterAll(() => server.kill())

it.each(crowds)('$size × $way', async ({ way, size }) => {
  const possible = Math.min(size, descriptors - OTHER_DESCRIPTORS)
  if (possible < size) console.log(`${size} connections want ${size + OTHER_DESCRIPTORS} descriptors, a process may have ${descriptors}: only ${possible} come`)
  const before = await memory()
  const { since, during, said } = await visit(way, possible, WINDOW_MS)
  console.log(`${possible} × ${way}: ${waits(since)}; memory ${megabytes(before)}, beside them ${megabytes(during)}; ${said}`)
  await allGone()
  console.log(`afterwards ${megabytes(await memoryLike(before))}`)
})

it('the normal client was told nothing wrong, and nothing that crowds have brought is in use any more', async () => {
  await normal.stop()
  // An empty slab is kept for some seconds.
  const last = await eventually('what is in use is what was', GONE_LIMIT_MS, async () => {
    const now = await memory()
    return inUse(now) - inUse(first) < MAX_LEFT_BYTES ? now : undefined
  })
  console.log(`at the end ${megabytes(last)}, before the first ${megabytes(first)}`)
})

/** Lets a crowd stay for a while. */
async function visit(way: string, count: number, forMs: number): Promise<{ since: number; during: Memory; said: string }> {
  const crowd = startProgram(
    ...programOf(withDescriptors([process.execPath, join(import.meta.dirname, 'crowd.mjs'), String(server.port), way, String(count), String(TIMEOUT_MS)])),
  )
  try {
    await eventually(`${count} × ${way} are there`, READY_LIMIT_MS, () => {
      if (crowd.hasEnded()) throw new Error(`the crowd ended: ${crowd.output()}`)
      return crowd.output().includes('ready\n') ? true : undefined
    })
    const since = normal.latencies.length
    await pass(forMs)
    const during = await memory()
    crowd.endInput()
    await crowd.ended
    return { since, during, said: crowd.output().split('\n').at(-2)! }
  } finally {
    await crowd.kill()
  }
}

function programOf([program, ...args]: string[]): [string, string[]] {
  return [program, args]
}

/** Their sessions have expired, their connections are closed. */
async function allGone(): Promise<void> {
  await eventually('the crowd is gone', GONE_LIMIT_MS, async () => {
    const mntr = await fourLetterWord(server.port, 'mntr', 30_000)
    const number = (key: string): number => Number(new RegExp(`^zk_${key}\\t(\\d+)$`, 'm').exec(mntr)?.[1])
    // The normal client, and whoever asks.
    return number('global_sessions') === 1 && number('num_alive_connections') <= 2 ? true : undefined
  })
}

async function memory(): Promise<Memory> {
  return await memoryOf(probePort)
}

/**
 * What is in use as soon as it is hardly more than it was, before this crowd or before the first: pages are given back to the system in the
 * background, some of them late and some again to the next.
 */
async function memoryLike(before: Memory): Promise<Memory> {
  let now = before
  const most = Math.max(before.rss, first.rss) + MAX_GROWTH_BYTES
  const isLike = async (): Promise<Memory | undefined> => {
    now = await memory()
    return now.rss < most ? now : undefined
  }
  return await eventually('memory as before', GONE_LIMIT_MS, isLike).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${megabytes(now)} where there were ${megabytes(before)}`)
  })
}

function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function waits(since: number): string {
  const ms = (percent: number): string => `p${percent} ${normal.percentile(percent, since).toFixed(1)} ms`
  return `a normal client waits ${ms(50)}, ${ms(99)} (${normal.latencies.length - since} answers)`
}
