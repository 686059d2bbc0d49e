// Snapshots written under every combination of flags by each side, and read under every combination by each: no block behind the nodes says
// what it is, so that with some combinations Java cannot read what Java wrote. Ours reads everything, and writes nothing that any Java server
// with the flags of its writer cannot read.
import { cp, mkdir, readdir, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Compression } from '../../src/server/storage/snapshot-compression.ts'
import { startJavaServer } from '../peers/java.ts'
import { needPeer } from '../peers/peers.ts'
import { temporaryDirectory } from '../peers/processes.ts'
import { writeSnapshot } from './files.ts'
import { runWorkload, workloadFlags } from './java-workload.ts'
import { javaLines, recoverOurs } from './recovered.ts'
import type { Flags } from './recovered.ts'

const java = await needPeer('java')

interface Setting {
  readonly digest: boolean
  readonly last: boolean
}

const settings: readonly Setting[] = [true, false].flatMap((digest) => [true, false].map((last) => ({ digest, last })))
/** What follows the nodes and their seal. */
const BLOCKS_SIZE = 54
const methods: readonly Compression[] = ['', 'gz', 'snappy']

const flagsOf = ({ digest, last }: Setting, method: Compression = ''): Flags => ({
  'zookeeper.extendedTypesEnabled': 'true',
  'zookeeper.digest.enabled': String(digest),
  'zookeeper.serializeLastProcessedZxid.enabled': String(last),
  'zookeeper.snapshot.compression.method': method,
})

/** What is behind the nodes, as the reader takes it and as the writer left it. */
const isTrap = (reader: Setting, writer: Setting, byJava: boolean): boolean => {
  const blocks = { digest: writer.digest, last: writer.last && (writer.digest || byJava) }
  if (blocks.digest) return !reader.digest && reader.last
  return blocks.last && reader.digest
}

const treeOf = (line: string): string | undefined => / tree (\w+) /.exec(line)?.[1]
const sessionsOf = (line: string): string | undefined => / sessions (\S+)/.exec(line)?.[1]

describe.skipIf(java === undefined)('a snapshot written with', () => {
  /** One directory for each writer, each with one snapshot and nothing else. */
  let root: string
  let expected: string
  const writers = new Map<string, { setting: Setting; byJava: boolean }>()

  beforeAll(async () => {
    const server = await startJavaServer({ jvmFlags: workloadFlags })
    await runWorkload(server.port)
    await server.stop()
    // As older releases leave it, so that every writer can read it.
    const first = join(server.dataDir, 'version-2', 'snapshot.0')
    await truncate(first, (await stat(first)).size - BLOCKS_SIZE)
    root = await temporaryDirectory('flags')
    expected = recoverOurs(server.dataDir, flagsOf(settings[0])).line
    for (const setting of settings) {
      for (const method of methods) {
        const label = `digest-${setting.digest}-last-${setting.last}-${method || 'plain'}`
        const theirs = join(await temporaryDirectory('writer'), `java-${label}`)
        await cp(server.dataDir, theirs, { recursive: true })
        await javaLines(join(theirs, '..'), flagsOf(setting, method), true)
        await cp(theirs, join(root, `java-${label}`), { recursive: true })
        const ours = join(root, `ours-${label}`, 'version-2')
        await mkdir(ours, { recursive: true })
        const options = { digestEnabled: setting.digest, serializeLastProcessedZxid: setting.last }
        await writeSnapshot(ours, recoverOurs(server.dataDir, flagsOf(setting)).image, method, options)
        writers.set(`java-${label}`, { setting, byJava: true }).set(`ours-${label}`, { setting, byJava: false })
      }
    }
    for (const name of await readdir(root)) {
      const directory = join(root, name, 'version-2')
      for (const file of await readdir(directory)) if (file.startsWith('log.') || /^snapshot\.0(\.|$)/.test(file)) await rm(join(directory, file))
      expect(await readdir(directory)).toHaveLength(1)
    }
  })

  it.each(settings)('any flags is read with digest %o', async (reader) => {
    const flags = flagsOf(reader)
    const copy = await temporaryDirectory('reader')
    await cp(root, copy, { recursive: true })
    for (const name of await readdir(copy)) {
      const { line } = recoverOurs(join(copy, name), flags)
      expect([treeOf(line), sessionsOf(line)], `${name} read by ours`).toEqual([treeOf(expected), sessionsOf(expected)])
      expect(line).toContain('mismatches 0')
    }
    const lines = await javaLines(copy, flags)
    expect(lines).toHaveLength(writers.size)
    for (const line of lines) {
      const [name, rest] = [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]
      const { setting, byJava } = writers.get(name)!
      if (isTrap(reader, setting, byJava)) expect(rest, `${name} read by Java`).toBe('refused')
      else expect([treeOf(rest), sessionsOf(rest)], `${name} read by Java`).toEqual([treeOf(expected), sessionsOf(expected)])
    }
  })
})
