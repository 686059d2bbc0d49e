// An ensemble of real processes in a network that a test has in its hands: each member's own zoo.cfg names relays where the others should be, and
// clients come through relays too.
import { strict as assert } from 'node:assert'
import { Ensemble } from '../ensemble/ensemble.ts'
import type { EnsembleOptions } from '../ensemble/ensemble.ts'
import type { PeerPorts, Place, Ways } from '../ensemble/member.ts'
import { CLIENTS, Network } from './network.ts'

export interface WiredEnsemble {
  readonly ensemble: Ensemble
  readonly network: Network
  /** Where clients find the members. */
  readonly clientPorts: readonly number[]
  end(): Promise<void>
}

export async function startWired(options: EnsembleOptions): Promise<WiredEnsemble> {
  const network = new Network()
  const end = async (): Promise<void> => {
    await ensemble?.end()
    network.close()
  }
  let ensemble: Ensemble | undefined
  try {
    ensemble = await Ensemble.start({ ...options, wire: (places) => lay(network, places) })
    const clientPorts = await Promise.all(ensemble.members.map(({ place }) => network.open(CLIENTS, place.id, place.clientPort)))
    return { ensemble, network, clientPorts, end }
  } catch (error) {
    await end()
    throw error
  }
}

async function lay(network: Network, places: readonly Place[]): Promise<Ways> {
  const laid = new Map<Place, Map<Place, PeerPorts>>(places.map((place) => [place, new Map()]))
  const ways: Ways = (from, to) => laid.get(from)!.get(to)!
  for (const from of places) {
    for (const to of places) {
      if (to === from) continue
      const { quorum, election } = to.ports
      laid.get(from)!.set(to, {
        quorum: await network.open(from.id, to.id, quorum),
        // Who is dialled by a smaller id dials back where that one says it is.
        election: await network.open(from.id, to.id, election, (first) => announced(first, from.ports.election, ways(to, from).election)),
      })
    }
  }
  return ways
}

/** The dialler's first message with another port in its address. */
export function announced(first: Buffer, port: number, relay: number): Buffer {
  const text = first.toString('latin1').replace(`:${port}`, `:${relay}`)
  assert.equal(text.length, first.length, 'ports have five digits each')
  return Buffer.from(text, 'latin1')
}
