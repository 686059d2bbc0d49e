// What node:test is given, with a test's end in our hands.
import { expect, it } from 'vitest'
import { ensembleFor, serverFor } from '../../src/testing/node-test.ts'
import { answers } from '../support/answers.ts'

it('has servers for as long as a test lasts', async () => {
  const ends: (() => Promise<void>)[] = []
  const context = { after: (end: () => Promise<void>) => void ends.push(end) }
  const server = await serverFor(context, { settings: { tickTime: 100 } })
  const ensemble = await ensembleFor(context, 1)
  const ports = [server.port, ensemble.members[0].port]
  expect(await Promise.all(ports.map(answers))).toEqual([true, true])
  for (const end of ends) await end()
  expect(await Promise.all(ports.map(answers))).toEqual([false, false])
})
