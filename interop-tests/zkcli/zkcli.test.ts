// The real zkCli against the server under test: every command that a standalone server allows. Each script is typed into two zkClis, one on a
// fresh server under test and one on a fresh Java server; output, errors, events and exit code must be the same, zxids included.
import { describe, expect, test } from 'vitest'
import { needPeer } from '../peers/peers.ts'
import { startReferenceServer, startServer } from '../peers/server-under-test.ts'
import type { TestedServerOptions } from '../peers/server-under-test.ts'
import type { ServerProcess } from '../peers/server-process.ts'
import { interactive, oneShot } from './cli.ts'
import type { CliOutput } from './cli.ts'
import { scripts, singleCommands } from './scripts.ts'

const java = await needPeer('java')

describe.skipIf(java === undefined)('zkCli', () => {
  for (const script of scripts) {
    test(`${script.name}, typed in`, async () => {
      const [ours, reference] = await onBoth(script.server ?? {}, (server) => interactive(server, script.steps, script.options))
      expect(ours).toEqual(reference)
      expect(script.shows.filter((text) => ![...ours.stdout, ...ours.stderr, ...ours.events].some((line) => line.includes(text)))).toEqual([])
    })
  }

  test('one command per start, with its exit code', async () => {
    const [ours, reference] = await onBoth({}, async (server) => {
      const outputs: Record<string, CliOutput> = {}
      for (const { args, options } of singleCommands) outputs[args.join(' ')] = await oneShot(server, args, options)
      return outputs
    })
    expect(ours).toEqual(reference)
    for (const { args, code } of singleCommands) expect(`${args.join(' ')}: ${ours[args.join(' ')].code}`).toBe(`${args.join(' ')}: ${code}`)
  })
})

async function onBoth<T>(options: TestedServerOptions, look: (server: ServerProcess) => Promise<T>): Promise<readonly [T, T]> {
  const [ours, reference] = await Promise.all([startServer(options), startReferenceServer(options)])
  try {
    return await Promise.all([look(ours), look(reference)])
  } finally {
    await Promise.all([ours.kill(), reference.kill()])
  }
}
