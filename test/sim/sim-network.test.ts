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
  network.dial(here, there.machine.address, PORT, (socket) => (result.socket = socket), (error) => (result.error = error))
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
