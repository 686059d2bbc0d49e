// The stage of the scenes: ensembles in this process, clients on their ports, and a look behind the members.
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { afterEach } from 'vitest'
import { coreOf } from '../../../src/embed/zookeeper-server.ts'
import type { ZooKeeperServer } from '../../../src/embed/zookeeper-server.ts'
import type { EnsembleServer } from '../../../src/quorum/member/ensemble-server.ts'
import { startTestEnsemble } from '../../../src/testing/index.ts'
import type { TestEnsemble, TestEnsembleOptions, TestMember } from '../../../src/testing/index.ts'
import type { HandshakeOptions } from '../../support/raw-session.ts'
import { TcpSession } from '../../support/tcp-session.ts'

/** Nobody is missed because the machine is busy. */
const PATIENT = { tickTime: 1000, initLimit: 20, syncLimit: 20, minSessionTimeout: 1000, maxSessionTimeout: 60_000 }
/** For scenes in which somebody falls silent, and is missed after 500 ms. */
export const IMPATIENT = { settings: { tickTime: 100, initLimit: 100, syncLimit: 5 } }
const LIMIT_MS = 60_000

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

export interface Stage extends TestEnsemble {
  /** The members that came to lead an epoch, in the order in which they did. */
  readonly reigns: readonly { readonly epoch: number; readonly member: number }[]
}

export async function stage(size: number, options: TestEnsembleOptions = {}): Promise<Stage> {
  const reigns: { epoch: number; member: number }[] = []
  const log = pino(
    { base: null },
    new Writable({
      write(line: Buffer, _, done) {
        const { msg, member } = JSON.parse(String(line)) as { msg?: string; member: number }
        const epoch = /^This server leads epoch (\d+)/.exec(msg ?? '')?.[1]
        if (epoch !== undefined) reigns.push({ epoch: Number(epoch), member })
        done()
      },
    }),
  )
  const ensemble = await startTestEnsemble(size, { log, timeoutMs: LIMIT_MS, ...options, settings: { ...PATIENT, ...options.settings } })
  cleanups.push(() => ensemble.close())
  return Object.assign(ensemble, { reigns })
}

export async function client({ port }: TestMember, options: HandshakeOptions = {}): Promise<TcpSession> {
  const session = await TcpSession.open(port, { timeOut: 30_000, ...options })
  cleanups.push(() => session.drop())
  return session
}

/** The server behind the member, to be looked at. */
export function behind(member: TestMember): EnsembleServer {
  return coreOf((member as TestMember & { server: ZooKeeperServer }).server) as EnsembleServer
}

export function others(ensemble: TestEnsemble, ...ids: number[]): readonly TestMember[] {
  return ensemble.members.filter(({ id }) => !ids.includes(id))
}

export function follower(ensemble: TestEnsemble): TestMember {
  return ensemble.members.find(({ role }) => role === 'follower')!
}

export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + LIMIT_MS
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${LIMIT_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

export const roles = (ensemble: TestEnsemble): (string | undefined)[] => ensemble.members.map(({ role }) => role)

/** All members hold the same tree, up to the same zxid. */
export async function untilEqual(ensemble: TestEnsemble): Promise<void> {
  const states = (): string[] => ensemble.members.map((member) => `${behind(member).replica.lastProcessedZxid} ${behind(member).replica.tree.digest}`)
  await until('all members are equal', () => new Set(states()).size === 1)
}
