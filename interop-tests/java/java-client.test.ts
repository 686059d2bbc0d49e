// The Java client of the reference release against the server under test. Each program writes down all that it is told; the same program
// runs against the Java server at the same time, and both must have been told the same.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { compileJava, javaCommand, runJava } from '../peers/java.ts'
import { needPeer } from '../peers/peers.ts'
import { survived, surviveRestarts } from '../peers/restarts.ts'
import { startReferenceServer, startServer } from '../peers/server-under-test.ts'
import type { ServerProcess } from '../peers/server-process.ts'

const java = await needPeer('java')

const options = {
  config: { extendedTypesEnabled: 'true', 'DigestAuthenticationProvider.superDigest': 'super:xQJmxLMiHGwaqBvst5y6rkB6HQs=' },
}

/** Each program with some lines that it must have written, lest both servers be wrong in the same way. */
const programs: Record<string, readonly string[]> = {
  Operations: ['delete /zookeeper -> BADARGUMENTS /zookeeper', 'whoAmI -> [ip:127.0.0.1]', 'children -> 200'],
  Watches: ['  exists: NodeCreated /a SyncConnected zxid 3', 'one watcher Persistent -> NOWATCHER /r'],
  Reconnects: ['  gone: NodeDeleted /short SyncConnected zxid 34', 'timeout 1000', '1000000 becomes 10000'],
  Transactions: ['empty -> []'],
  Pipelining: ['create OK /p/249 c=2ee m=2ee p=2ee v=0 cv=0 av=0 owner=none len=1 kids=0 ctime=now mtime=now'],
  Permissions: ['guest -> [ip:127.0.0.1]', 'guest get -> NOAUTH /own'],
  Chroots: ['the root is missing -> NONODE /'],
}

describe.skipIf(java === undefined)('the Java client', () => {
  let classes: string
  beforeAll(async () => {
    const sources = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.java') && name !== 'OldClient.java')
    classes = await compileJava(sources.map((name) => join(import.meta.dirname, name)))
  })

  for (const [program, mustHold] of Object.entries(programs)) {
    test(`${program} says the same as against the Java server`, async () => {
      const servers = await Promise.all([startServer(options), startReferenceServer(options)])
      try {
        const [ours, reference] = await Promise.all(servers.map((server) => trace(program, server)))
        expect(reference.at(-1)).toBe('done')
        expect(ours).toEqual(reference)
        expect(mustHold.filter((line) => !ours.includes(line))).toEqual([])
      } finally {
        await Promise.all(servers.map((server) => server.kill()))
      }
    })
  }

  test('keeps its session over restarts of the server', async () => {
    const jvmFlags = ['-DZK_LOG=OFF']
    const lines = await surviveRestarts((address) => javaCommand(java!.place, 'Survivor', [address], { classPath: [classes], jvmFlags }))
    expect(lines).toEqual(survived)
  })

  async function trace(program: string, server: ServerProcess): Promise<string[]> {
    const jvmFlags = ['-DZK_LOG=OFF', '-Dzookeeper.extendedTypesEnabled=true']
    const result = await runJava(program, [`127.0.0.1:${server.port}`], { classPath: [classes], jvmFlags })
    const failure = result.code === 0 ? '' : `${result.stderr}${program} ended with ${result.code ?? result.signal}\n`
    return `${result.stdout}${failure}`.trimEnd().split('\n')
  }
})
