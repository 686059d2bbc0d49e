// A Dubbo consumer finds its service through the server under test. A provider that is killed is forgotten with its session, one that is
// asked to end takes itself out, and the consumer learns of both.
import { describe, expect, test } from 'vitest'
import { needPeer } from '../../peers/peers.ts'
import { onStage } from '../stage.ts'
import { providerHost, startConsumer, startProvider } from './service.ts'

const RUN_LIMIT_MS = 90_000
const TEST_LIMIT_MS = RUN_LIMIT_MS + 60_000
const peer = await needPeer('Dubbo')

describe.skipIf(peer === undefined)(`Dubbo ${peer?.version}`, () => {
  test('a provider is found, called, and gone from the registry when it is killed or ended', { timeout: TEST_LIMIT_MS }, async () => {
    await onStage(RUN_LIMIT_MS, async (stage) => {
      const library = peer!.place
      const [first, consumer] = await Promise.all([startProvider(library, stage, 'first'), startConsumer(library, stage)])
      expect(await consumer.ask('awaitRegistered 1')).toBe('1 by interface, 1 by application')
      expect(await consumer.ask('host')).toBe(providerHost)
      expect(await consumer.ask('greet Anna')).toBe('Hello Anna, this is first')

      await first.program.kill()
      expect(await consumer.ask('awaitRegistered 0')).toBe('0 by interface, 0 by application')
      expect(await consumer.ask('awaitNobody')).toBe('no provider')

      const second = await startProvider(library, stage, 'second')
      expect(await consumer.ask('awaitRegistered 1')).toBe('1 by interface, 1 by application')
      expect(await consumer.ask('greet Bert')).toBe('Hello Bert, this is second')

      const registration = await consumer.ask('registration')
      await stage.restartServer()
      expect(await consumer.ask('awaitRegistered 1')).toBe('1 by interface, 1 by application')
      expect(await consumer.ask('registration')).toBe(registration)
      expect(await consumer.ask('greet Carl')).toBe('Hello Carl, this is second')

      expect((await second.program.stop(30_000)).code).toBe(143)
      expect(await consumer.ask('awaitRegistered 0')).toBe('0 by interface, 0 by application')
      expect(await consumer.ask('awaitNobody')).toBe('no provider')
    })
  })
})
