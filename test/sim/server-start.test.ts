// Starts on a disk that fails, and on one that holds what a killed process has left.
import { beforeEach, describe, expect, it } from 'vitest'
import { defaultSettings } from '../../src/server/config/settings.ts'
import { dataDirs } from '../../src/server/storage/data-dirs.ts'
import { run } from '../../src/server/host/disk-work.ts'
import { truncateHistory } from '../../src/server/storage/txn-log-truncate.ts'
import { NO_NODE } from '../../src/server/tree/node-store.ts'
import { startStandalone } from '../../src/server/standalone.ts'
import type { StandaloneServer } from '../../src/server/standalone.ts'
import { ServerLife } from '../../src/sim/server-life.ts'
import type { LifeState } from '../../src/sim/server-life.ts'
import { SimClient } from '../../src/sim/sim-client.ts'
import { SimMachine } from '../../src/sim/sim-machine.ts'
import { baseName } from '../../src/sim/sim-names.ts'
import { SimNetwork } from '../../src/sim/sim-network.ts'
import { SimProcess } from '../../src/sim/sim-process.ts'
import { World } from '../../src/sim/world.ts'

const SETTINGS = defaultSettings({ dataDir: '/data', clientPort: 2181, preAllocSizeKb: 0, tickTime: 100 })

/** A client's observer that wants to know nothing. */
const NOBODY = { onAsked() {}, onAnswered() {}, onEvent() {}, onConnected() {}, onDisconnected() {} }

let machine: SimMachine

function start(): ServerLife<StandaloneServer> {
  const life = new ServerLife(machine, 'server', startStandalone)
  life.start(SETTINGS, () => undefined)
  machine.world.run(1000)
  return life
}

/** How a start ends whose disk refuses a step on files of the name. */
function startWithout(kind: string, name: string): LifeState {
  machine.disk.onStep = (step) => (step.kind === kind && step.path.endsWith(name) ? { code: 'EIO' } : undefined)
  const life = start()
  machine.disk.onStep = () => undefined
  life.process.kill()
  return life.state
}

beforeEach(() => {
  machine = new SimMachine(new SimNetwork(new World(1)))
})

describe('a start', () => {
  it.each(['create', 'write', 'sync', 'rename', 'syncDirectory'])('whose first snapshot fails at its %s is refused, and goes well the next time', (kind) => {
    expect(startWithout(kind, 'snapshot.0')).toMatchObject({ kind: 'refused', error: { exitCode: 10, cause: { code: 'EIO' } } })
    expect(start().state.kind).toBe('serving')
  })

  it('whose later snapshot fails ends with the same code, though the port may be open by then', () => {
    start().process.kill()
    expect(startWithout('create', '.unfinished-snapshot.0')).toMatchObject({ kind: 'fatal', exitCode: 10, error: { code: 'EIO' } })
    expect(start().state.kind).toBe('serving')
  })

  it('that cannot make durable what it has found is refused', () => {
    start().process.kill()
    expect(startWithout('sync', '/snapshot.0')).toMatchObject({ kind: 'refused', error: { code: 'EIO' } })
  })

  it('that finds its port taken touches nothing afterwards, though sessions expire and purges fall due', () => {
    const { world, disk } = machine
    const life = start()
    const client = new SimClient(new SimProcess(new SimMachine(machine.network), 'client'), [{ address: machine.address, port: 2181 }], 1000, NOBODY)
    client.start()
    world.runUntil(() => client.isConnected, 1000)
    life.process.kill()
    const other = new ServerLife(machine, 'other', startStandalone)
    other.start({ ...SETTINGS, dataDir: '/other', dataLogDir: '/other' }, () => undefined)
    world.run(1000)
    const late = new ServerLife(machine, 'late', startStandalone)
    late.start({ ...SETTINGS, autopurgePurgeIntervalHours: 1 }, () => undefined)
    world.runUntil(() => late.state.kind !== 'starting', 1000)
    expect(late.state).toMatchObject({ kind: 'refused', error: { message: expect.stringContaining('EADDRINUSE') } })
    const steps: string[] = []
    disk.onStep = ({ kind, path }) => void (path.startsWith('/data') && steps.push(`${kind} ${path}`))
    world.run(2 * 3_600_000)
    expect(steps).toEqual([])
    expect(late.process.isAlive).toBe(true)
  })

  it('makes durable what it has found before anybody is served', () => {
    start().process.kill()
    const steps: string[] = []
    machine.disk.onStep = ({ kind, phase, path }) => void (phase === 'after' && steps.push(`${kind} ${baseName(path)}`))
    const life = new ServerLife(machine, 'server', startStandalone)
    life.start(SETTINGS, () => steps.push('serves'))
    machine.world.run(1000)
    expect(steps.slice(0, 3)).toEqual(['syncDirectory data', 'syncDirectory version-2', 'sync snapshot.0'])
    expect(steps.indexOf('serves')).toBeGreaterThan(2)
  })

  it('does not rely on what a failed sync has left in the log of a process that was killed over it', () => {
    const { world, disk } = machine
    const life = start()
    const client = new SimClient(new SimProcess(new SimMachine(machine.network), 'client'), [{ address: machine.address, port: 2181 }], 1000, NOBODY)
    client.start()
    world.runUntil(() => client.isConnected, 1000)
    // The log has its name, and this is its second write.
    disk.onStep = ({ kind, phase, path }) => {
      if (kind === 'truncate') life.process.kill()
      return kind === 'sync' && phase === 'before' && path.includes('log.1') ? { code: 'EIO' } : undefined
    }
    client.ask({ kind: 'create', path: '/found', data: '', mode: 'persistent' })
    expect(world.runUntil(() => !life.process.isAlive, 1000)).toBe(true)
    disk.onStep = () => undefined
    const next = new ServerLife(machine, 'next', startStandalone)
    next.start(SETTINGS, () => undefined)
    world.runUntil(() => next.server !== undefined, 1000)
    expect(next.server!.replica.tree.store.find('/found')).not.toBe(NO_NODE)
    expect(disk.names.list('/data/version-2')).not.toContain('snapshot.2')
    next.process.kill()
    disk.losePower('nothing')
    const last = start()
    expect(last.server!.replica.tree.store.find('/found')).not.toBe(NO_NODE)
  })

  it('does not bring back what the log was cut back by, though the sync of that had failed', () => {
    const { world, disk } = machine
    const life = start()
    const client = new SimClient(new SimProcess(new SimMachine(machine.network), 'client'), [{ address: machine.address, port: 2181 }], 1000, NOBODY)
    client.start()
    world.runUntil(() => client.isConnected, 1000)
    for (const path of ['/kept', '/cut']) client.ask({ kind: 'create', path, data: '', mode: 'persistent' })
    world.run(100)
    life.process.kill()
    const cutter = new SimProcess(machine, 'cutter')
    disk.onStep = ({ kind, phase }) => (kind === 'sync' && phase === 'before' ? { code: 'EIO' } : undefined)
    let fault: Error | undefined
    run(truncateHistory(disk.mount(cutter), dataDirs('/data', '/data'), 2n, 1 << 20), (error) => (fault = error))
    world.run(100)
    expect(fault).toMatchObject({ code: 'EIO' })
    disk.onStep = () => undefined
    start().process.kill()
    disk.losePower('nothing')
    const { store } = start().server!.replica.tree
    expect(store.find('/kept')).not.toBe(NO_NODE)
    expect(store.find('/cut')).toBe(NO_NODE)
  })
})
