// Older Java clients against the server under test: what each is told must be what it is told by the Java server of the reference release.
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compileJava, javaCommand, oracleLibrary, runJava } from '../peers/java.ts'
import { needPeer } from '../peers/peers.ts'
import { survived, surviveRestarts } from '../peers/restarts.ts'
import { startReferenceServer, startServer } from '../peers/server-under-test.ts'

const versions = ['3.5.10', '3.6.4', '3.7.2', '3.8.6']
const sources = ['OldClient.java', 'Survivor.java', 'Link.java'].map((name) => join(import.meta.dirname, '..', 'java', name))

for (const version of versions) {
  const peer = await needPeer(`java-${version}`)
  const reference = await needPeer('java')

  describe.skipIf(peer === undefined || reference === undefined)(`the Java client ${version}`, () => {
    test('connects, creates, watches, expires', async () => {
      const classes = await compileJava(sources, { version })
      const options = { config: { extendedTypesEnabled: 'true' } }
      const servers = await Promise.all([startServer(options), startReferenceServer(options)])
      try {
        const run = { version, classPath: [classes], jvmFlags: ['-DZK_LOG=OFF'] }
        const results = await Promise.all(servers.map((server) => runJava('OldClient', [`127.0.0.1:${server.port}`], run)))
        const [ours, expected] = results.map((result) => result.stdout.trimEnd().split('\n'))
        expect(expected.at(-1)).toBe('done')
        expect(ours).toEqual(expected)
        expect(ours).toContain('expired -> SESSIONEXPIRED')
      } finally {
        await Promise.all(servers.map((server) => server.kill()))
      }
    })

    test('keeps its session over restarts of the server', async () => {
      const library = await oracleLibrary(version)
      const classPath = [await compileJava(sources, { version })]
      const lines = await surviveRestarts((address) => javaCommand(library, 'Survivor', [address], { classPath, jvmFlags: ['-DZK_LOG=OFF'] }))
      expect(lines.filter((line) => survived.includes(line))).toEqual(survived)
    })
  })
}
