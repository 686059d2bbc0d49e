// The network of the simulation itself: places, and paths that are cut off.
import { beforeEach, describe, expect, it } from 'vitest'
import { SimMachine } from '../../src/sim/sim-machine.ts'
import { SimNetwork } from '../../src/sim/sim-network.ts'
import { SimProcess } from '../../src/sim/sim-process.ts'
import type { SimSocket } from '../../src/sim/sim-socket.ts'
import { World } from '../../src/sim/world.ts'

const PORT = 2181

let world: World
let network: SimNetwork
let here: SimProcess
let there: SimProcess
/** What `there` has been sent, and when. */
let heard: { text: string; at: number }[]
let accepted: SimSocket | undefined

beforeEach(() => {
  world = new World(1)
  network = new SimNetwork(world)
  here = new SimProcess(new SimMachine(network), 'here')
  there = new SimProcess(new SimMachine(network), 'there')
  heard = []
  accepted = undefined
})

function listen(owner: SimProcess): { error?: Error | undefined } {
  const result: { error?: Error | undefined } = {}
  const onSocket = (socket: unknown): void => {
    accepted = socket as SimSocket
    accepted.handlers.onData = (bytes) => void heard.push({ text: Buffer.from(bytes).toString(), at: world.now })
  }
  network.of(owner).listen({ host: undefined, port: PORT }, onSocket, (error) => (result.error = error))
  world.run(1)
  return result
}

function dial(): { socket?: SimSocket; error?: Error } {
  const result: { socket?: SimSocket; error?: Error } = {}
  network.dial(
    here,
    there.machine.address,
    PORT,
    (socket) => (result.socket = socket),
    (error) => (result.error = error),
  )
  world.run(10)
  return result
}

describe('a place', () => {
  it('is an address and a port: two machines may listen to one port, two processes of a machine may not', () => {
    expect(listen(here).error).toBeUndefined()
    expect(listen(there).error).toBeUndefined()
    expect(listen(new SimProcess(there.machine, 'third')).error).toMatchObject({ message: expect.stringContaining('EADDRINUSE') })
  })

  it('refuses who dials where nobody listens', () => {
    listen(here)
    expect(dial().error).toMatchObject({ message: expect.stringContaining('ECONNREFUSED') })
  })
})

describe('a path that is cut off', () => {
  it('lets through what was sent on it once it is free again, and the other way all the time', () => {
    listen(there)
    const { socket } = dial()
    const answers: string[] = []
    socket!.handlers = { onData: (bytes) => void answers.push(Buffer.from(bytes).toString()), onDrain() {}, onEnd() {}, onClose() {} }
    const begin = world.now
    network.cutOff(here.machine.address, there.machine.address, 500)
    socket!.write(Buffer.from('late'))
    accepted!.write(Buffer.from('early'))
    world.run(400)
    expect(answers).toEqual(['early'])
    expect(heard).toEqual([])
    world.run(200)
    expect(heard.map(({ text }) => text)).toEqual(['late'])
    expect(heard[0].at).toBeGreaterThanOrEqual(begin + 500)
  })

  it('holds up a dial, whichever way it is', () => {
    listen(there)
    network.cutOff(there.machine.address, here.machine.address, 500)
    const dialled = dial()
    expect(dialled.socket).toBeUndefined()
    world.run(600)
    expect(dialled.socket).toBeDefined()
  })
})

describe('a slow path', () => {
  it('lets so many bytes a second through, little by little, and the other way is as fast as ever', () => {
    listen(there)
    const { socket } = dial()
    let answered: number | undefined
    socket!.handlers = { onData: () => (answered = world.now), onDrain() {}, onEnd() {}, onClose() {} }
    network.slowDown(here.machine.address, there.machine.address, 1000, 10_000)
    const begin = world.now
    socket!.write(Buffer.alloc(2000, 'x'))
    accepted!.write(Buffer.from('quick'))
    world.run(1000)
    expect(answered! - begin).toBeLessThan(10)
    const half = heard.reduce((sum, { text }) => sum + text.length, 0)
    expect(half).toBeGreaterThan(900)
    expect(half).toBeLessThan(1100)
    world.run(1100)
    expect(heard.reduce((sum, { text }) => sum + text.length, 0)).toBe(2000)
    expect(heard.length).toBeGreaterThan(20)
  })
})

describe('a process that stands still in the middle of a turn', () => {
  it('says what comes after the call only then, and by a clock that has gone on', () => {
    listen(there)
    const { socket } = dial()
    const begin = world.now
    let told: number | undefined
    here.clock.after(0, () => {
      const before = here.clock.now()
      here.stall(400)
      told = here.clock.now() - before
      socket!.write(Buffer.from('late'))
    })
    world.run(300)
    expect(told).toBeCloseTo(400 * here.machine.clockRate, 3)
    expect(heard).toEqual([])
    world.run(200)
    expect(heard[0].at - begin).toBeGreaterThanOrEqual(400)
  })

  it('has said nothing when it dies meanwhile', () => {
    listen(there)
    const { socket } = dial()
    here.clock.after(0, () => {
      socket!.write(Buffer.from('before'))
      here.stall(400)
      socket!.write(Buffer.from('behind'))
    })
    world.run(100)
    here.kill()
    world.run(1000)
    expect(heard.map(({ text }) => text)).toEqual(['before'])
  })
})

describe('a way to a port that is blocked for ever', () => {
  const block = (what: 'refused' | 'lost' | 'bytes', port = PORT): void => {
    network.block({ from: here.machine.address, to: there.machine.address, port, what })
  }

  it('refuses dials, or leaves them without an answer', () => {
    listen(there)
    block('refused')
    expect(dial()).toEqual({ error: expect.objectContaining({ message: expect.stringContaining('ECONNREFUSED') }) })
    block('lost')
    expect(dial()).toEqual({})
    network.unblock()
    expect(dial().socket).toBeDefined()
  })

  it('is a way to that port alone, and in that direction', () => {
    listen(there)
    block('refused', PORT + 1)
    network.block({ from: there.machine.address, to: here.machine.address, port: PORT, what: 'refused' })
    expect(dial().socket).toBeDefined()
  })

  it('breaks what stands when nobody may dial', () => {
    listen(there)
    const { socket } = dial()
    block('lost')
    expect(socket!.isClosed).toBe(true)
  })

  it('loses the bytes of one direction, and what comes back arrives; when it is free again the connection breaks', () => {
    listen(there)
    const { socket } = dial()
    const back: string[] = []
    socket!.handlers.onData = (bytes) => void back.push(Buffer.from(bytes).toString())
    block('bytes')
    socket!.write(Buffer.from('there'))
    accepted!.write(Buffer.from('back'))
    world.run(100)
    expect([heard, back]).toEqual([[], ['back']])
    network.unblock()
    expect([socket!.isClosed, accepted!.isClosed]).toEqual([true, true])
  })
})
