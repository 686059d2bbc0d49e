// A port on several addresses, of which some cannot be bound for a while or ever.
import { describe, expect, it } from 'vitest'
import { OpenPorts } from '../../../src/quorum/wire/open-ports.ts'
import type { OpenPortsParts } from '../../../src/quorum/wire/open-ports.ts'
import type { Network } from '../../../src/server/host/host.ts'
import { FakeHost } from '../../support/fake-host.ts'

const TWO = [
  { host: 'there', port: 2888 },
  { host: 'nowhere', port: 2888 },
]

/** A host on which some names do not resolve. */
class Ports {
  readonly host = new FakeHost()
  /** That can be bound, and how often each was tried. */
  readonly known = new Set(['there'])
  readonly tries = new Map<string, number>()
  readonly events: string[] = []
  readonly ports: OpenPorts

  constructor(endpoints: OpenPortsParts['endpoints'], tries = 3) {
    const { clock, log } = this.host
    this.ports = new OpenPorts({
      host: { clock, log, network: this.#network() },
      name: 'quorum',
      endpoints,
      pauseMs: 1000,
      tries,
      onSocket: () => void this.events.push('a connection'),
      onUnable: () => void this.events.push('unable'),
    })
    this.host.settle()
  }

  #network(): Network {
    let port = 1
    const { network, clock } = this.host
    return {
      connect: (host, to, onConnect, onError) => network.connect(host, to, onConnect, onError),
      listen: (options, onSocket, done) => {
        const name = options.host ?? 'anywhere'
        this.tries.set(name, (this.tries.get(name) ?? 0) + 1)
        // The fake network knows ports only.
        if (this.known.has(name)) network.listen({ ...options, port: port++ }, onSocket, done)
        else clock.endOfTurn(() => done(new Error(`getaddrinfo ENOTFOUND ${name}`), undefined))
      },
    }
  }
}

describe('of two addresses', () => {
  it('one that can be bound is enough, for as long as it takes', () => {
    const two = new Ports(TWO)
    two.host.advance(600_000)
    expect([two.ports.bound.map(({ host }) => host), two.events]).toEqual([['there'], []])
  })

  it('the other is tried in the background, and bound when that works', () => {
    const two = new Ports(TWO)
    two.host.advance(60_000)
    expect(two.tries.get('nowhere')).toBeGreaterThan(10)
    two.known.add('nowhere')
    two.host.advance(5000)
    expect(two.ports.bound).toHaveLength(2)
    const before = two.tries.get('nowhere')
    two.host.advance(60_000)
    expect(two.tries.get('nowhere')).toBe(before)
  })

  it('the one that cannot be bound is named once', () => {
    const two = new Ports(TWO)
    two.host.advance(60_000)
    expect(two.host.warnings).toEqual(['Cannot bind the quorum port nowhere:2888: getaddrinfo ENOTFOUND nowhere. It is tried again'])
  })

  it('both are tried so often as is said, and one that works in time is enough', () => {
    const none = new Ports([TWO[1], { host: 'elsewhere', port: 2888 }])
    none.host.advance(2999)
    expect(none.events).toEqual([])
    none.host.advance(1)
    expect(none.events).toEqual(['unable'])
    none.known.add('nowhere')
    none.host.advance(60_000)
    expect(none.ports.bound).toEqual([])

    const late = new Ports([TWO[1], { host: 'elsewhere', port: 2888 }])
    late.host.advance(1500)
    late.known.add('elsewhere')
    late.host.advance(60_000)
    expect([late.ports.bound.length, late.events]).toEqual([1, []])
  })
})

it('two addresses with one port are one, where that is bound on all of the machine', () => {
  const anywhere = new Ports([
    { host: undefined, port: 2888 },
    { host: undefined, port: 2888 },
  ])
  anywhere.known.add('anywhere')
  anywhere.host.advance(10_000)
  expect([anywhere.ports.bound.length, anywhere.host.warnings.length]).toEqual([1, 1])
})

it('nothing is tried any more when it has ended', () => {
  const two = new Ports(TWO)
  let isStopped = false
  two.ports.stop(() => (isStopped = true))
  two.known.add('nowhere')
  two.host.advance(60_000)
  expect([isStopped, two.host.clock.timerCount, two.tries.get('nowhere')]).toEqual([true, 0, 1])
})
