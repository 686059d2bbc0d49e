// What a Dubbo service and its consumer go through on the servers.
import { expect } from 'vitest'
import type { Application } from '../application.ts'
import type { Stage } from '../stage.ts'
import { providerHost, startConsumer, startProvider } from './service.ts'

export const dubbo: Application = {
  name: 'Dubbo',
  scenarios: [{ name: 'a provider comes, is killed, comes back, ends', limitMs: 120_000, inTest: 'server', play: comeAndGo }],
}

/** A provider that is killed is forgotten with its session, one that is asked to end takes itself out, and the consumer learns of both. */
async function comeAndGo(stage: Stage): Promise<void> {
  const [first, consumer] = await Promise.all([startProvider(stage, 'first'), startConsumer(stage)])
  expect(await consumer.ask('awaitRegistered 1')).toBe('1 by interface, 1 by application')
  expect(await consumer.ask('host')).toBe(providerHost)
  expect(await consumer.ask('greet Anna')).toBe('Hello Anna, this is first')

  await first.program.kill()
  expect(await consumer.ask('awaitRegistered 0')).toBe('0 by interface, 0 by application')
  expect(await consumer.ask('awaitNobody')).toBe('no provider')

  const second = await startProvider(stage, 'second')
  expect(await consumer.ask('awaitRegistered 1')).toBe('1 by interface, 1 by application')
  expect(await consumer.ask('greet Bert')).toBe('Hello Bert, this is second')

  const registration = await consumer.ask('registration')
  await stage.restart()
  expect(await consumer.ask('awaitRegistered 1')).toBe('1 by interface, 1 by application')
  expect(await consumer.ask('registration')).toBe(registration)
  expect(await consumer.ask('greet Carl')).toBe('Hello Carl, this is second')

  expect((await second.program.stop(30_000)).code).toBe(143)
  expect(await consumer.ask('awaitRegistered 0')).toBe('0 by interface, 0 by application')
  expect(await consumer.ask('awaitNobody')).toBe('no provider')
}
