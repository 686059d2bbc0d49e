// Data directories that servers of both kinds have in turn: the same tree, the same sessions and the same zxids, whoever serves them.
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { needPeer } from '../peers/peers.ts'
import { handOver } from './handover.ts'
import type { HandOver } from './handover.ts'
import type { Kind, Side } from './sides.ts'

const java = await needPeer('java')
const old = await needPeer('java-3.8.6')

const J = 'java 3.9.6'
const O = 'ours'
const OLD = 'java 3.8.6'

const sides = (...kinds: Kind[]): Side[] => kinds.map((kind) => ({ kind }))

/** What is replayed then is everything that ever happened. */
async function keepFirstSnapshotOnly(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.startsWith('snapshot.') && name !== 'snapshot.0') await rm(join(directory, name))
  }
}

const full = { end: 'stop', workload: 'full' } as const
const orders = [
  ['Java to ours and back', [J, O, J]],
  ['ours to Java and back', [O, J, O]],
] as const

describe.skipIf(java === undefined)('a data directory goes from', () => {
  it.each(orders)('%s', (_, kinds) => handOver({ ...full, sides: sides(...kinds) }))

  it.each(orders)('%s, each killed and all but the first snapshot lost', (_, kinds) =>
    handOver({ ...full, sides: sides(...kinds), end: 'kill', between: keepFirstSnapshotOnly }),
  )

  it.each(orders)('%s, without digests and lists of ephemerals', (_, kinds) => {
    const properties = { 'zookeeper.digest.enabled': 'false', 'zookeeper.closeSessionTxn.enabled': 'false' }
    return handOver({ ...full, sides: kinds.map((kind) => ({ kind, properties })), digest: false, listsPaths: false })
  })

  it.each(orders)('%s, the logs in a directory of their own', (_, kinds) =>
    handOver({ ...full, sides: sides(...kinds), workload: 'short', separateLogs: true }),
  )

  it('one to the other with snapshots that each compresses in its way', () => {
    const compressed = (kind: Kind, method: string): Side => ({ kind, config: { 'snapshot.compression.method': method } })
    const chain = [compressed(J, 'gz'), compressed(O, 'snappy'), compressed(J, 'snappy'), compressed(O, 'gz'), compressed(J, ''), compressed(O, '')]
    return handOver({ sides: chain, end: 'stop', workload: 'short' } satisfies HandOver)
  })

  it.skipIf(old === undefined)('an older Java to ours and back, and on to a newer one', () => handOver({ ...full, sides: sides(OLD, O, OLD, J) }))
})
