// Connections in memory keep what TCP promises: bytes in order and without holes, whatever is cut meanwhile.
import { describe, expect, it } from 'vitest'
import type { Network, Socket } from '../../../src/server/host/host.ts'
import { MemoryNetwork } from '../../../src/server/host/memory-network.ts'

class Stage {
  readonly network: MemoryNetwork
  readonly a: Network
  readonly b: Network
  #turns: (() => void)[] = []

  constructor() {
    this.network = new MemoryNetwork((callback) => this.#turns.push(callback))
    const below: Network = { listen: () => expect.unreachable(), connect: () => expect.unreachable() }
    const isInMemory = (): boolean => true
    this.a = this.network.hostNamed('a', isInMemory, below)
    this.b = this.network.hostNamed('b', isInMemory, below)
  }

  settle(): void {
    for (let turn = this.#turns.shift(); turn !== undefined; turn = this.#turns.shift()) turn()
  }

  /** Both ends of a connection that `a` has dialled, and what each has heard. */
  connected(): { near: Socket; far: Socket; heard: { near: string[]; far: string[] } } {
    const ends: { near?: Socket; far?: Socket } = {}
    const heard = { near: [] as string[], far: [] as string[] }
    const take = (which: 'near' | 'far') => (socket: Socket) => {
      ends[which] = socket
      socket.handlers = {
        onData: (bytes) => heard[which].push(String(bytes)),
        onDrain: () => {},
        onEnd: () => heard[which].push('end'),
        onClose: () => heard[which].push('close'),
      }
    }
    this.b.listen({ host: 'b', port: 1 }, take('far'), () => {})
    this.a.connect('b', 1, take('near'), () => expect.unreachable())
    this.settle()
    return { near: ends.near!, far: ends.far!, heard }
  }
}

describe('a cut', () => {
  it('holds what is said until it is healed, in order', () => {
    const stage = new Stage()
    const { near, far, heard } = stage.connected()
    near.write(Buffer.from('1'))
    stage.settle()
    stage.network.block(() => true)
    near.write(Buffer.from('2'))
    near.write(Buffer.from('3'))
    stage.settle()
    expect(heard.far).toEqual(['1'])
    stage.network.block(() => false)
    near.write(Buffer.from('4'))
    far.write(Buffer.from('back'))
    stage.settle()
    expect(heard).toEqual({ near: ['back'], far: ['1', '2', '3', '4'] })
  })

  it('may be one way', () => {
    const stage = new Stage()
    const { near, far, heard } = stage.connected()
    stage.network.block((from) => from === 'a')
    near.write(Buffer.from('lost'))
    far.write(Buffer.from('heard'))
    stage.settle()
    expect(heard).toEqual({ near: ['heard'], far: [] })
  })

  it('holds the end of a connection too', () => {
    const stage = new Stage()
    const { near, heard } = stage.connected()
    stage.network.block(() => true)
    near.destroy()
    stage.settle()
    expect(heard).toEqual({ near: ['close'], far: [] })
    stage.network.block(() => false)
    stage.settle()
    expect(heard.far).toEqual(['close'])
  })

  it('lets no dial through, and nobody hears of it', () => {
    const stage = new Stage()
    stage.b.listen(
      { host: 'b', port: 1 },
      () => expect.unreachable(),
      () => {},
    )
    stage.network.block((from) => from === 'b')
    stage.a.connect(
      'b',
      1,
      () => expect.unreachable(),
      () => expect.unreachable(),
    )
    stage.settle()
    expect(() =>
      stage.a.connect(
        'c',
        1,
        () => expect.unreachable(),
        (error) => expect(error.message).toContain('ECONNREFUSED'),
      ),
    ).not.toThrow()
    stage.settle()
  })
})

describe('a dead host', () => {
  it('breaks its connections, and its ports are free', () => {
    const stage = new Stage()
    const { heard } = stage.connected()
    stage.network.kill('b')
    stage.settle()
    expect(heard).toEqual({ near: ['close'], far: ['close'] })
    expect(stage.connected().heard).toEqual({ near: [], far: [] })
  })
})
