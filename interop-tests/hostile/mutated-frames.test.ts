// Frames that were valid until somebody spoiled them, many at a time, against a real server. Each that can be told from the next must be answered,
// in order, or end its connection if its type is one that does; a normal client beside them must never be told anything wrong; and what they leave
// behind must open with a Java server, as it was. TSK_HOSTILE=full sends a million; TSK_HOSTILE_SEED takes another seed.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Random } from '../oracle/random.ts'
import { needPeer } from '../peers/peers.ts'
import { eventually, temporaryDirectory } from '../peers/processes.ts'
import { fourLetterWord } from '../peers/server-process.ts'
import type { ServerProcess } from '../peers/server-process.ts'
import { observe } from '../storage/observation.ts'
import { openAcl, setAcl } from '../storage/requests.ts'
import { complaints, startSide, superPassword } from '../storage/sides.ts'
import type { Side } from '../storage/sides.ts'
import { RawSession } from '../wire/raw-session.ts'
import { attack } from './attack.ts'
import type { Attack } from './attack.ts'
import { NormalClient } from './normal-client.ts'

const java = await needPeer('java')
const FRAMES = process.env['TSK_HOSTILE'] === 'full' ? 1_000_000 : 50_000
const SEED = Number(process.env['TSK_HOSTILE_SEED'] ?? 1)
const ATTACKERS = 24
const MENDING_MS = 500
const EXPIRY_LIMIT_MS = 60_000
const LIMIT_MS = 120_000 + FRAMES * 4

const side: Side = {
  kind: 'ours',
  logLevel: 'error',
  // The sessions of the attackers go soon; what they have made stays until somebody has looked at it.
  config: { maxSessionTimeout: '10000', snapCount: '20000' },
  properties: { 'znode.container.checkIntervalMs': '3600000' },
}

let server: ServerProcess
let dataDir: string

beforeAll(async () => {
  dataDir = await temporaryDirectory('mutated')
  server = await startSide(side, dataDir)
})
afterAll(() => server.kill())

it(
  `${FRAMES} mutated frames of seed ${SEED}: all is answered, a normal client notices nothing`,
  async () => {
    const normal = await NormalClient.open(server.port, '/normal', 'normal:client')
    const keeper = await RawSession.open(server.port, { timeoutMs: 10_000 })
    await keeper.addDigest(superPassword)
    const total: Attack = { left: FRAMES, connections: 0, answers: 0 }
    const begin = performance.now()
    normal.start()
    // An attacker that shuts everybody out of the root would be the last.
    let mending = Promise.resolve()
    const mend = async (): Promise<void> => {
      for (const path of ['/', '/zookeeper', '/zookeeper/quota']) await keeper.ask(setAcl(path, openAcl))
    }
    const timer = setInterval(() => void (mending = mending.then(mend)), MENDING_MS)
    try {
      await Promise.all(Array.from({ length: ATTACKERS }, (_, i) => attack(server.port, new Random(SEED * ATTACKERS + i), total)))
    } finally {
      clearInterval(timer)
    }
    await mending
    await normal.stop()
    const seconds = (performance.now() - begin) / 1000
    console.log(
      `${FRAMES} frames in ${seconds.toFixed(1)} s over ${total.connections} connections, ${total.answers} answers; ` +
        `the normal client had ${normal.latencies.length} answers, p50 ${normal.percentile(50).toFixed(1)} ms, p99 ${normal.percentile(99).toFixed(1)} ms`,
    )
    expect(total.answers).toBeGreaterThan(FRAMES / 2)
    expect(normal.latencies.length).toBeGreaterThan(100)
    await normal.session.close()
    await keeper.close()
    expect(server.log()).not.toMatch(/Severe|fatal/)
  },
  LIMIT_MS,
)

it.skipIf(java === undefined)('a Java server shows what is left as ours does', async () => {
  await eventually('the sessions of the attackers have expired', EXPIRY_LIMIT_MS, async () =>
    /^zk_global_sessions\t0$/m.test(await fourLetterWord(server.port, 'mntr')) ? true : undefined,
  )
  const witness = await RawSession.open(server.port, { timeoutMs: 10_000 })
  await witness.addDigest(superPassword)
  const seen = await observe(server.port, witness)
  witness.drop()
  console.log(`${seen.nodes.length} nodes are left, the last zxid is 0x${seen.lastZxid.toString(16)}`)
  expect((await server.stop()).code).toBe(143)
  server = await startSide({ ...side, kind: 'java 3.9.6' }, dataDir)
  const again = await RawSession.open(server.port, witness)
  await again.addDigest(superPassword)
  expect(await observe(server.port, again)).toEqual(seen)
  again.drop()
  expect(complaints(server.log())).toEqual([])
})
