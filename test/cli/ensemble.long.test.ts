/** Ensembles of real processes, as operators start them: `make run-ensemble`, both forms of the configuration, and `status`. */
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { compileSources } from './compiled.ts'
import type { Compiled } from './compiled.ts'

const LIMIT_MS = 60_000
const script = fileURLToPath(new URL('../../scripts/run-ensemble.mjs', import.meta.url))

let compiled: Compiled
const cleanups: (() => unknown)[] = []

beforeAll(() => {
  compiled = compileSources()
}, LIMIT_MS)
afterAll(() => compiled.remove())
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function launch(args: readonly string[], env: NodeJS.ProcessEnv = {}): { child: ChildProcess; text: () => string } {
  const child = spawn(process.execPath, args, { env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  return { child, text: () => text }
}

async function until<T>(what: string, look: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + LIMIT_MS
  for (;;) {
    const found = await look()
    if (found) return found
    if (performance.now() > deadline) throw new Error(`${what}: not within ${LIMIT_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** What `tskeeper status` says of the server with this configuration. */
function mode(config: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(process.execPath, [compiled.main, 'status', config], { timeout: LIMIT_MS }, (_, out) => resolve(/^Mode: (.*)$/m.exec(out)?.[1]))
  })
}

async function freePorts(count: number): Promise<number[]> {
  const holders = await Promise.all(
    Array.from({ length: count }, async () => {
      const holder = createServer().listen(0, '127.0.0.1')
      await once(holder, 'listening')
      return holder
    }),
  )
  const ports = holders.map((holder) => (holder.address() as AddressInfo).port)
  for (const holder of holders) holder.close()
  return ports
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('run-ensemble', () => {
  test(
    'says who leads and how to talk to them, tells of a new leader, and leaves nothing behind',
    async () => {
      const { child, text } = launch([script, compiled.main], { PORT: '0' })
      cleanups.push(() => child.kill('SIGTERM'))
      const leader = Number(await until('one leads', () => /^server (\d) leads$/m.exec(text())?.[1]))
      const rows = [...text().matchAll(/^(\d) +(\d+) +(\d+) +(\/\S+)$/gm)].map(([, id, port, pid, log]) => ({
        id: Number(id),
        port: Number(port),
        pid: Number(pid),
        log: log,
      }))
      expect(rows.map(({ id }) => id)).toEqual([1, 2, 3])
      expect(text()).toContain(`zkCli.sh -server ${rows.map(({ port }) => `127.0.0.1:${port}`).join(',')}\n`)
      const modes = await Promise.all(rows.map(({ log }) => mode(join(dirname(log), 'zoo.cfg'))))
      expect(modes).toEqual(rows.map(({ id }) => (id === leader ? 'leader' : 'follower')))
      process.kill(rows[leader - 1].pid, 'SIGKILL')
      await until('another leads', () => [...text().matchAll(/^server (\d) leads$/gm)].some(([, id]) => Number(id) !== leader))
      expect(text()).toContain(`server ${leader} has ended with SIGKILL`)
      const ended = once(child, 'exit')
      child.kill('SIGINT')
      expect(await ended).toEqual([0, null])
      expect(rows.filter(({ pid }) => isAlive(pid))).toEqual([])
      expect(existsSync(dirname(dirname(rows[0].log)))).toBe(false)
    },
    2 * LIMIT_MS,
  )

  test('says when a port is taken', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    cleanups.push(() => holder.close())
    const { port } = holder.address() as AddressInfo
    const child = spawn(process.execPath, [script, compiled.main], {
      env: { PATH: process.env['PATH'], PORT: String(port) },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    expect(await once(child, 'close')).toEqual([1, null])
    expect(said).toBe(`port ${port} is in use: set PORT to another, or to 0 for any\n`)
  })
})

/** Starts a server for each server line that has a number in `started`, and waits until each says what it is. */
async function modesOf(lines: readonly string[], started: readonly number[]): Promise<(string | undefined)[]> {
  const directory = mkdtempSync(join(tmpdir(), 'tskeeper-members-'))
  cleanups.push(() => rmSync(directory, { recursive: true }))
  const configs = started.map((id) => {
    const home = join(directory, String(id))
    mkdirSync(home)
    writeFileSync(join(home, 'myid'), String(id))
    writeFileSync(join(home, 'zoo.cfg.dynamic'), lines.join('\n'))
    writeFileSync(join(home, 'zoo.cfg'), `tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir=${home}\ndynamicConfigFile=${home}/zoo.cfg.dynamic\n`)
    return join(home, 'zoo.cfg')
  })
  for (const config of configs) {
    const { child } = launch([compiled.main, 'start-foreground', config])
    const ended = once(child, 'exit')
    cleanups.push(() => {
      child.kill('SIGTERM')
      return ended
    })
  }
  return until('all serve', async () => {
    const found = await Promise.all(configs.map(mode))
    return found.every(Boolean) && found
  })
}

describe('the dynamic form of the configuration', () => {
  test(
    'makes an ensemble with an observer, whose status is found by its own line',
    async () => {
      const ports = await freePorts(9)
      const lines = [1, 2, 3].map((id) => `server.${id}=127.0.0.1:${ports[id - 1]}:${ports[id + 2]}${id === 3 ? ':observer' : ''};127.0.0.1:${ports[id + 5]}`)
      expect(await modesOf(lines, [1, 2, 3])).toEqual(['follower', 'leader', 'observer'])
    },
    2 * LIMIT_MS,
  )
})

describe('a server line with a name that nobody has', () => {
  test(
    'keeps the other two from nothing',
    async () => {
      const ports = await freePorts(6)
      const lines = [1, 2].map((id) => `server.${id}=127.0.0.1:${ports[id - 1]}:${ports[id + 1]};127.0.0.1:${ports[id + 3]}`)
      expect(await modesOf([...lines, 'server.3=nobody.invalid:2888:3888'], [1, 2])).toEqual(['follower', 'leader'])
    },
    2 * LIMIT_MS,
  )
})
