// What bookies and those who write ledgers go through on the servers. The user throws when a ledger does not have what was acknowledged.
import { expect } from 'vitest'
import type { RunningProgram } from '../../peers/processes.ts'
import type { Application } from '../application.ts'
import type { Dialogue } from '../dialogue.ts'
import { endOnRequest } from '../java-service.ts'
import type { Stage } from '../stage.ts'
import { bookieHome, startBookKeeperUser } from './bookie.ts'
import type { BookieHome } from './bookie.ts'

const LIMIT_MS = 180_000

export const bookKeeper: Application = {
  name: 'BookKeeper',
  scenarios: [
    { name: 'ledgers are written, taken over, deleted', limitMs: LIMIT_MS, inTest: 'server', play: ledgers },
    { name: 'a bookie ends, comes back, stands still, and has its data or none', limitMs: LIMIT_MS, play: comeAndGo },
    { name: 'ledgers are written while servers restart and the leader is killed', limitMs: LIMIT_MS, play: serversRestart },
    { name: 'a bookie is killed, its ledgers are copied while the leader is killed', limitMs: LIMIT_MS, play: bookieKilled },
    { name: 'a ledger that is lost is found out', limitMs: LIMIT_MS, on: ['server'], play: lostLedger },
  ],
}

interface Bookie {
  readonly home: BookieHome
  program: RunningProgram
}

interface Cluster {
  readonly user: Dialogue
  readonly bookies: readonly Bookie[]
}

async function startCluster(stage: Stage, count: number, recovers = false): Promise<Cluster> {
  const user = await startBookKeeperUser(stage)
  await user.ask('initialize')
  const homes = await Promise.all(Array.from({ length: count }, (_, index) => bookieHome(stage, index + 1, recovers)))
  const bookies = homes.map((home) => ({ home, program: home.start() }))
  expect(await user.ask(`awaitBookies ${count}`)).toBe(homes.map(({ id }) => id).join(' '))
  return { user, bookies }
}

/** A ledger's life in ZooKeeper. The writer whose ledger is taken over is kept out. */
async function ledgers(stage: Stage): Promise<void> {
  const { user } = await startCluster(stage, 2)
  expect([await user.ask('create 2'), await user.ask('create 1')]).toEqual(['0', '1'])
  expect(await user.ask('ledgerNodes')).toBe('L0000 L0001')
  expect(await user.ask('metadata 0')).toBe('OPEN, last entry -1, on 2 bookies')
  expect(await user.ask('append 0 40')).toBe('40 appended')
  expect(await user.ask('close 0')).toBe('closed')
  expect(await user.ask('metadata 0')).toBe('CLOSED, last entry 39, on 2 bookies')

  expect(await user.ask('append 1 10')).toBe('10 appended')
  expect(await user.ask('recover 1')).toBe('10 entries')
  await expect(user.ask('append 1 1')).rejects.toThrow('LedgerFenced')
  expect(await user.ask('metadata 1')).toBe('CLOSED, last entry 9, on 1 bookies')
  expect(await user.ask('tell')).toBe('2 ledgers, 50 entries, 1 left open, 0 in doubt')

  expect(await user.ask('delete 1')).toBe('deleted')
  expect(await user.ask('ledgerNodes')).toBe('L0000')
  expect(await user.ask('create 2')).toBe('2')
  expect(await user.ask('listed')).toBe('[0, 2]')
}

/** Bookies are known by what they have in ZooKeeper. */
async function comeAndGo(stage: Stage): Promise<void> {
  const { user, bookies } = await startCluster(stage, 2)
  const [first, second] = bookies as [Bookie, Bookie]
  expect(await user.ask('create 2')).toBe('0')
  expect(await user.ask('append 0 40')).toBe('40 appended')
  expect(await user.ask('close 0')).toBe('closed')

  await endOnRequest(second.program)
  expect(await user.ask('awaitBookies 1')).toBe(first.home.id)
  await expect(user.ask('create 2')).rejects.toThrow('Not enough non-faulty bookies')
  // Without the data that its cookie speaks of it may not serve.
  const impostor = await bookieHome(stage, 2)
  const refused = await impostor.start().ended
  expect(refused.code).not.toBe(0)
  expect(refused.stderr).toContain('InvalidCookieException')
  second.program = second.home.start()
  expect(await user.ask('awaitBookies 2')).toBe(`${first.home.id} ${second.home.id}`)
  expect(await user.ask('create 2')).toBe('1')
  expect(await user.ask('append 1 5')).toBe('5 appended')

  // A bookie that stood still for too long finds its session expired and registers itself anew.
  const registration = await user.ask(`registration ${second.home.id}`)
  second.program.signal('SIGSTOP')
  expect(await user.ask('awaitBookies 1')).toBe(first.home.id)
  second.program.signal('SIGCONT')
  expect(await user.ask('awaitBookies 2')).toBe(`${first.home.id} ${second.home.id}`)
  expect(await user.ask(`registration ${second.home.id}`)).not.toBe(registration)
  expect(await user.ask('append 1 5')).toBe('5 appended')
  expect(await user.ask('close 1')).toBe('closed')
  expect(await user.ask('tell')).toBe('2 ledgers, 50 entries, 0 left open, 0 in doubt')
}

/** Ids are given once, nothing acknowledged is missing, and the bookies keep their sessions. */
async function serversRestart(stage: Stage): Promise<void> {
  const { user, bookies } = await startCluster(stage, 2)
  const registrations = (): Promise<string[]> => Promise.all(bookies.map(({ home }) => user.ask(`registration ${home.id}`)))
  const before = await registrations()
  await user.ask('begin 2')
  await stage.restart()
  await user.ask('goOn')
  await stage.killLeader(async () => void (await user.ask('goOn')))
  await user.ask('goOn')
  await user.ask('end')
  expect(await user.ask('tell')).toMatch(/^\d{2,} ledgers, \d{3,} entries, \d left open, \d in doubt$/)
  expect(await registrations()).toEqual(before)
}

/**
 * The bookie that is killed is the one that looks after the others. Another does then, and what the dead one had is copied to those that are
 * left: one more may die, and nothing is missing.
 */
async function bookieKilled(stage: Stage): Promise<void> {
  const { user, bookies } = await startCluster(stage, 3, true)
  await user.ask('begin 2')
  const auditor = await user.ask('auditor')
  const lost = bookies.find(({ home }) => home.id === auditor)!
  const [second] = bookies.filter((bookie) => bookie !== lost)
  await lost.program.kill()
  await user.ask('goOn')
  await user.ask('end')
  await stage.killLeader(async () => {
    expect(await user.ask(`awaitAuditorOtherThan ${auditor}`)).not.toBe(auditor)
    await user.ask(`awaitNothingOn ${auditor}`)
  })
  await second.program.kill()
  expect(await user.ask('tell')).toMatch(/^\d{2,} ledgers, \d{3,} entries, \d left open, \d in doubt$/)
}

/** The checks can fail. */
async function lostLedger(stage: Stage): Promise<void> {
  const { user, bookies } = await startCluster(stage, 2)
  await user.ask('begin 1')
  await bookies[0].program.kill()
  await user.ask('end')
  await expect(user.ask('tell')).rejects.toThrow('Bookie handle is not available')
}
