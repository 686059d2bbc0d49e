import { describe, expect, it } from 'vitest'
import { defaultTurnLimits } from '../../../src/server/config/turn-limits.ts'
import type { Disk, DiskFile } from '../../../src/server/host/host.ts'
import { nodeGzip } from '../../../src/server/host/node-gzip.ts'
import { adler32 } from '../../../src/server/storage/adler32.ts'
import type { SnapshotInfo } from '../../../src/server/storage/image.ts'
import { SnapshotEncoder } from '../../../src/server/storage/snapshot-encoder.ts'
import { SnapshotDecoder } from '../../../src/server/storage/snapshot-decoder.ts'
import { looksComplete } from '../../../src/server/storage/snapshot-files.ts'
import { loadSnapshot, SnapshotFileDecoder } from '../../../src/server/storage/snapshot-loader.ts'
import { SnapshotWriter, type SnapshotWriterOptions, type WhenDurable, type WrittenSnapshot } from '../../../src/server/storage/snapshot-writer.ts'
import { CorruptStorage, StartupRefused } from '../../../src/server/storage/storage-errors.ts'
import { JuteWriter } from '../../../src/jute/writer.ts'
import { changedDisk, changedFiles, changedOpen } from '../../support/changed-disk.ts'
import { DIRECTORY, Image, MAX_LENGTH, OPEN, sampleImage, stat, TestHost } from './support.ts'

const OPTIONS: SnapshotWriterOptions = {
  directory: DIRECTORY,
  compression: '',
  digestEnabled: true,
  serializeLastProcessedZxid: true,
}

/** What Apache 3.9.6 writes into a new directory. */
const FRESH_JAVA_SNAPSHOT = Buffer.from(
  '5a4b534e00000002ffffffffffffffff00000000000000010000000000000001000000010000000100000005776f726c6400000006616e796f6e65' +
    `0000000000000000ffffffffffffffff${'00'.repeat(60)}` +
    `0000000a2f7a6f6f6b656570657200000000ffffffffffffffff${'00'.repeat(60)}` +
    `000000112f7a6f6f6b65657065722f636f6e666967000000000000000000000001${'00'.repeat(40)}ffffffff${'00'.repeat(16)}` +
    `000000102f7a6f6f6b65657065722f71756f746100000000ffffffffffffffff${'00'.repeat(60)}` +
    '000000012f00000000b8a23b49000000012f' +
    '00000000000000000000000200000000000000000000000095b93d59000000012f' +
    '000000000000000000000000bde83f6d000000012f',
  'hex',
)

function write(host: TestHost, image: Image, changes: Partial<SnapshotWriterOptions> = {}, whenDurable?: WhenDurable): WrittenSnapshot {
  let result: WrittenSnapshot | undefined
  const writer = new SnapshotWriter(host, { ...OPTIONS, ...changes }, whenDurable)
  writer.write(image, (error, snapshot) => {
    if (error !== undefined) throw error
    result = snapshot
  })
  expect(result).toBeUndefined()
  host.settle()
  expect(writer.busy).toBe(false)
  return result!
}

function load(host: TestHost, name: string, zxid: bigint): { image: Image; info: SnapshotInfo } {
  const image = new Image()
  const info = host.finish(loadSnapshot(host.disk, `${DIRECTORY}/${name}`, zxid, image, { maxLength: MAX_LENGTH }))
  return { image, info }
}

function bytesOf(image: Image, changes: Partial<SnapshotWriterOptions> = {}): Buffer {
  const host = new TestHost()
  return Buffer.from(host.bytes(write(host, image, changes).path))
}

/** Where the first seal begins: right behind the end mark of the nodes. */
function behindNodes(image: Image): number {
  const w = new JuteWriter()
  new SnapshotEncoder(image).fill(w, Infinity)
  return 16 + w.position
}

describe('a snapshot', () => {
  it('of a new Java server is loaded and written again byte for byte', () => {
    expect(FRESH_JAVA_SNAPSHOT.length).toBe(478)
    const host = new TestHost()
    host.write(`${DIRECTORY}/snapshot.0`, FRESH_JAVA_SNAPSHOT)
    const { image, info } = load(host, 'snapshot.0', 0n)
    expect(info).toEqual({ zxid: 0n, digest: undefined, lastZxid: 0n })
    expect(image.nodes.map(({ path, data, aclKey }) => [path, data, aclKey])).toEqual([
      ['', '', -1n],
      ['/zookeeper', '', -1n],
      ['/zookeeper/config', '', 1n],
      ['/zookeeper/quota', '', -1n],
    ])
    expect(bytesOf(image).equals(FRESH_JAVA_SNAPSHOT)).toBe(true)
  })

  it('comes back as it went, null and empty data apart', () => {
    const host = new TestHost()
    const image = sampleImage()
    const written = write(host, image)
    expect(written).toMatchObject({ zxid: 0x2fn, path: `${DIRECTORY}/snapshot.2f` })
    expect(host.size(written.path)).toBe(written.sizeBytes)
    const loaded = load(host, 'snapshot.2f', 0x2fn)
    expect(loaded.image.content()).toEqual(image.content())
    expect(loaded.info).toEqual({ zxid: 0x2fn, digest: { zxid: 0x2fn, version: 2, value: 0x51c6d660n }, lastZxid: 0x2fn })
    expect(host.names()).toEqual(['snapshot.2f'])
    expect(host.lines).toEqual([`info Snapshotting: 0x2f to ${DIRECTORY}/snapshot.2f`, 'info Snapshot taken in 0 ms'])
  })

  it('writes the root as the empty path whatever it is called', () => {
    const image = sampleImage()
    const bytes = bytesOf(image)
    image.nodes[0] = { ...image.nodes[0], path: '/' }
    expect(bytesOf(image).equals(bytes)).toBe(true)
  })

  it.each([
    [true, true, 67],
    [true, false, 46],
    [false, false, 13],
    // Never the last zxid alone: readers with digests take it for one.
    [false, true, 13],
  ])('with digest %s and last zxid %s has a trailer of %i bytes', (digestEnabled, serializeLastProcessedZxid, size) => {
    const image = sampleImage()
    const bytes = bytesOf(image, { digestEnabled, serializeLastProcessedZxid })
    expect(bytes.length - behindNodes(image)).toBe(size)
    const host = new TestHost()
    host.write(`${DIRECTORY}/snapshot.2f`, bytes)
    const { info } = load(host, 'snapshot.2f', 0x2fn)
    expect(info.digest !== undefined).toBe(digestEnabled)
    expect(info.lastZxid !== undefined).toBe(digestEnabled && serializeLastProcessedZxid)
  })

  it('with a last zxid alone, as Java writes it without digests, is understood', () => {
    const image = sampleImage()
    const bytes = bytesOf(image, { digestEnabled: false })
    const block = Buffer.concat([bytes, Buffer.from('000000000000002f', 'hex')])
    const sum = Buffer.from(adler32(block).toString(16).padStart(16, '0'), 'hex')
    const host = new TestHost()
    host.write(`${DIRECTORY}/snapshot.2f`, Buffer.concat([block, sum, Buffer.from('000000012f', 'hex')]))
    expect(load(host, 'snapshot.2f', 0x2fn).info).toEqual({ zxid: 0x2fn, digest: undefined, lastZxid: 0x2fn })
  })

  it('has no digest when nothing was applied since the load, and that of an earlier txn when nothing was compared since', () => {
    const image = sampleImage()
    const host = new TestHost()
    image.zxidDigest = { zxid: 0n, version: 2, value: 5n }
    write(host, image)
    expect(load(host, 'snapshot.2f', 0x2fn).info.digest).toBeUndefined()
    image.zxidDigest = { zxid: 0x2en, version: 2, value: 5n }
    write(host, image)
    expect(load(host, 'snapshot.2f', 0x2fn).info.digest).toEqual(image.zxidDigest)
  })

  it('may be compared with the digest of a later txn when it is fuzzy', () => {
    const host = new TestHost()
    const image = sampleImage()
    image.onWalk = (path) => {
      if (path === '/e') Object.assign(image, { zxid: 0x35n, zxidDigest: { zxid: 0x35n, version: 2, value: 9n } })
    }
    expect(write(host, image).zxid).toBe(0x2fn)
    expect(load(host, 'snapshot.2f', 0x2fn).info).toEqual({ zxid: 0x2fn, digest: { zxid: 0x35n, version: 2, value: 9n }, lastZxid: 0x35n })
  })

  it('accepts ids in which Java wrote a character as two surrogates', () => {
    const image = sampleImage()
    image.aclTable[1].acl[0].id.id = 'smile:\u{1f600}'
    const utf8 = bytesOf(image)
    const at = utf8.indexOf(Buffer.from('f09f9880', 'hex'))
    const cesu8 = Buffer.concat([utf8.subarray(0, at - 6), Buffer.from('eda0bdedb880', 'hex'), utf8.subarray(at + 4)])
    // The length in front, and the seal, would have to change with it: what matters is that decoding goes on.
    const body = Buffer.concat([utf8.subarray(16, at - 10), Buffer.from([0, 0, 0, 12]), utf8.subarray(at - 6, at), cesu8.subarray(at - 6)])
    const target = new Image()
    new SnapshotDecoder(target, MAX_LENGTH).decode(body, 0)
    expect(target.aclTable[1].acl[0].id.id).toMatch(/^smile:/)
    expect(target.nodes).toEqual(image.nodes)
  })

  it('of a txn that no node carries a known ACL for gets along without', () => {
    const host = new TestHost()
    const image = sampleImage()
    image.onWalk = (path) => {
      // After the ACLs were written: a node is made, another one gets a new ACL.
      if (path !== '/zookeeper/quota') return
      image.nodes[3] = { ...image.nodes[3], aclKey: 9n }
      image.node('/new', null, 9n, stat({ czxid: 0x30n }))
      image.node('/new/child', null, 1n, stat({ czxid: 0x31n }))
    }
    write(host, image)
    const loaded = load(host, 'snapshot.2f', 0x2fn).image
    expect(loaded.nodes.map(({ path, aclKey }) => [path, aclKey])).toEqual([
      ['', -1n],
      ['/zookeeper', -1n],
      ['/zookeeper/quota', -1n],
      ['/\u00e4', 3n],
      ['/e', 1n],
    ])
  })
})

describe('a damaged snapshot', () => {
  const image = sampleImage()
  const bytes = bytesOf(image)
  const sealed = behindNodes(image) + 13

  function outcome(host: TestHost): 'invalid' | 'corrupt' | 'refused' | 'loaded' {
    if (!host.finish(looksComplete(host.disk, `${DIRECTORY}/snapshot.2f`))) return 'invalid'
    try {
      const loaded = load(host, 'snapshot.2f', 0x2fn)
      expect(loaded.image.content()).toEqual(image.content())
      return 'loaded'
    } catch (error) {
      if (error instanceof StartupRefused) return 'refused'
      expect(error).toBeInstanceOf(CorruptStorage)
      return 'corrupt'
    }
  }

  it('cut at any length is invalid, but for whole parts behind the first seal', () => {
    const host = new TestHost()
    for (let length = 0; length <= bytes.length; length++) {
      host.write(`${DIRECTORY}/snapshot.2f`, bytes.subarray(0, length))
      const whole = [sealed, sealed + 33, sealed + 54].includes(length)
      expect(outcome(host), `${length}`).toBe(whole ? 'loaded' : length === sealed - 13 ? 'corrupt' : 'invalid')
    }
  })

  function expected(at: number): string[] {
    // Only the very last mark is in no sum; the quick check looks at it.
    if (at >= sealed + 54 - 5) return ['invalid']
    // Once out of step, anything may be read as a null ACL, over which Java does not start either.
    if (at < sealed - 13) return ['corrupt', 'refused']
    // A longer mark in the second seal swallows the last zxid, which Java does without, too.
    return at === sealed + 33 - 2 ? ['loaded'] : ['corrupt']
  }

  it('with any byte changed is not loaded, but for what stands behind a sum', () => {
    const host = new TestHost()
    for (let at = 0; at < bytes.length; at++) {
      const changed = Uint8Array.from(bytes)
      changed[at] ^= 0x10
      host.write(`${DIRECTORY}/snapshot.2f`, changed)
      expect(expected(at), `byte ${at}`).toContain(outcome(host))
    }
  })

  it('is shown all the same to who does not check seals', () => {
    const changed = Uint8Array.from(bytes)
    changed[bytes.indexOf('hello')] ^= 1
    const host = new TestHost()
    host.write(`${DIRECTORY}/snapshot.2f`, changed)
    const target = new Image()
    host.finish(loadSnapshot(host.disk, `${DIRECTORY}/snapshot.2f`, 0x2fn, target, { maxLength: MAX_LENGTH, seals: 'ignore' }))
    expect(target.nodes[3].data).toBe('iello')
  })

  it('with a null ACL refuses the start, as no older one would help Java either', () => {
    const w = new JuteWriter()
    w.int(0)
    w.int(1)
    w.long(1n)
    w.int(-1)
    expect(() => new SnapshotDecoder(new Image(), MAX_LENGTH).decode(w.copy(), 0)).toThrow(StartupRefused)
  })

  it.each([
    ['a negative count of sessions', (w: JuteWriter) => w.int(-2)],
    ['a record above the limit', (w: JuteWriter) => [0, 0, MAX_LENGTH + 1].forEach((value) => w.int(value))],
    ['a negative length', (w: JuteWriter) => [0, 0, -2].forEach((value) => w.int(value))],
    ['a node without a path', (w: JuteWriter) => [0, 0, -1, -1, ...Array<number>(17).fill(0)].forEach((value) => w.int(value))],
  ])('with %s is corrupt', (_what, fill) => {
    const w = new JuteWriter()
    fill(w)
    expect(() => new SnapshotDecoder(new Image(), MAX_LENGTH).decode(w.copy(), 0)).toThrow(CorruptStorage)
  })
})

describe('a snapshot in pieces', () => {
  it.each([1, 2, 3, 7, 100, 10_000])('of %i bytes is the same', (size) => {
    const image = sampleImage()
    const bytes = bytesOf(image)
    const target = new Image()
    const decoder = new SnapshotFileDecoder(target, { maxLength: MAX_LENGTH })
    for (let at = 0; at < bytes.length; at += size) decoder.feed(bytes.subarray(at, at + size))
    expect(decoder.finish()).toEqual({ digest: image.zxidDigest, lastZxid: 0x2fn })
    expect(target.content()).toEqual(image.content())
  })

  it('keeps nothing of the pieces it was fed', () => {
    const image = sampleImage()
    const bytes = bytesOf(image)
    const target = new Image()
    const decoder = new SnapshotFileDecoder(target, { maxLength: MAX_LENGTH })
    const scratch = Buffer.alloc(50)
    for (let at = 0; at < bytes.length; at += 50) {
      const size = bytes.copy(scratch, 0, at, at + 50)
      decoder.feed(scratch.subarray(0, size))
      scratch.fill(0xff)
    }
    decoder.finish()
    expect(target.content()).toEqual(image.content())
  })

  it('without a file around it ends where the end mark does, as in a leader’s stream', () => {
    const image = sampleImage()
    const w = new JuteWriter()
    while (!new SnapshotEncoder(image).fill(w, Infinity)) expect.unreachable()
    const length = w.position
    w.ustring('BenWasHere')
    const target = new Image()
    const decoder = new SnapshotDecoder(target, MAX_LENGTH)
    expect(decoder.decode(w.copy(), 0)).toBe(length)
    expect(decoder.done).toBe(true)
    expect(target.content()).toEqual(image.content())
  })
})

/** A tree of so many nodes of 1000 bytes. */
function largeImage(nodes: number): Image {
  const image = new Image()
  image.zxid = 5n
  image.node('', null, -1n, stat())
  for (let index = 1; index < nodes; index++) image.node(`/node-${index}`, Buffer.alloc(1000, `${index} `), -1n, stat({ czxid: 1n }))
  return image
}

describe('writing a snapshot', () => {
  it('leaves turns to others between slices, and may see the tree change', () => {
    const host = new TestHost()
    const image = largeImage(3000)
    let walked = 0
    image.onWalk = () => walked++
    const writer = new SnapshotWriter(host, OPTIONS)
    let done = false
    writer.write(image, () => (done = true))
    expect(writer.busy).toBe(true)
    expect(() => writer.write(image, () => undefined)).toThrow('one snapshot')
    const perTurn: number[] = []
    while (!done) {
      const before = walked
      expect(host.step()).toBe(true)
      if (walked > before) perTurn.push(walked - before)
    }
    expect(perTurn.length).toBeGreaterThan(3)
    expect(Math.max(...perTurn)).toBeLessThan(600)
    expect(load(host, 'snapshot.5', 5n).image.content()).toEqual(image.content())
  })

  it('leaves the disk to others when nobody waits for it: at its pace, and synced piece by piece', () => {
    const host = new TestHost()
    let dueMs = 0
    host.clock.after = (delayMs, callback) => {
      dueMs = host.timeMs + delayMs
      host.clock.endOfTurn(() => {
        host.timeMs = dueMs
        callback()
      })
      return { cancel: () => undefined }
    }
    let written = 0
    let unsynced = 0
    let mostUnsynced = 0
    host.disk = changedFiles(host.memory, (file) => ({
      write: (at, bytes, done) => {
        written += bytes.length
        mostUnsynced = Math.max(mostUnsynced, (unsynced += bytes.length))
        file.write(at, bytes, done)
      },
      sync: (done) => {
        unsynced = 0
        file.sync(done)
      },
    }))
    const image = largeImage(16_000)
    new SnapshotWriter(host, OPTIONS).write(image, (error) => expect(error).toBeUndefined(), false)
    host.settle()
    expect(written).toBeGreaterThan(16_000_000)
    expect(written / host.timeMs).toBeLessThan((33 << 20) / 1000)
    expect(written / host.timeMs).toBeGreaterThan((31 << 20) / 1000)
    expect(mostUnsynced).toBeLessThan(5 << 20)
    expect(load(host, 'snapshot.5', 5n).image.content()).toEqual(image.content())
  })

  it('asks for the size of each slice anew, and writes the same file', () => {
    const image = largeImage(200)
    const sizes: number[] = []
    const turns = {
      ...defaultTurnLimits,
      get snapshotBytes() {
        sizes.push(100 * (sizes.length + 1))
        return sizes.at(-1)!
      },
    }
    expect(bytesOf(image, { turns })).toEqual(bytesOf(image))
    expect(sizes.length).toBeGreaterThan(10)
  })

  it('writes the sessions and ACLs of its first turn', () => {
    const host = new TestHost()
    const image = largeImage(3000)
    image.session(1n, 10)
    const writer = new SnapshotWriter(host, OPTIONS)
    writer.write(image, () => undefined)
    image.session(2n, 20)
    image.acl(1n, OPEN)
    host.settle()
    const loaded = load(host, 'snapshot.5', 5n).image
    expect([loaded.sessionTable, loaded.aclTable]).toEqual([[{ id: 1n, timeoutMs: 10 }], []])
  })

  it('lets nobody find the file before the log reaches as far as it does', () => {
    const host = new TestHost()
    const image = sampleImage()
    let release: () => void = () => undefined
    let waitedFor: bigint | undefined
    image.onWalk = () => {
      image.zxid = 0x33n
    }
    const writer = new SnapshotWriter(host, OPTIONS, (zxid, done) => {
      waitedFor = zxid
      release = done
    })
    writer.write(image, (error) => expect(error).toBeUndefined())
    host.settle()
    expect(waitedFor).toBe(0x33n)
    expect(host.names()).toEqual(['.unfinished-snapshot.2f'])
    release()
    host.settle()
    expect(host.names()).toEqual(['snapshot.2f'])
    expect(writer.busy).toBe(false)
  })

  it('is complete and synced before it gets its name', () => {
    const host = new TestHost()
    const trace: string[] = []
    const file = (opened: DiskFile): Partial<DiskFile> => ({
      write: (at, bytes, done) => {
        trace.push('write')
        opened.write(at, bytes, done)
      },
      sync: (done) => {
        trace.push('sync')
        opened.sync(() => {
          trace.push('synced')
          done(undefined)
        })
      },
    })
    const { memory } = host
    host.disk = changedDisk(memory, {
      open: changedOpen(memory, file),
      renameAndSync: (from, to, done) => {
        trace.push('rename')
        memory.renameAndSync(from, to, done)
      },
    })
    write(host, largeImage(2000))
    const whole = trace.filter((step) => step !== 'write')
    expect(whole).toEqual(['sync', 'synced', 'rename'])
    expect(trace.lastIndexOf('write')).toBeLessThan(trace.indexOf('sync'))
  })

  const fault = new Error('EIO: i/o error')
  const faults: Record<string, (disk: Disk) => Disk> = {
    open: (disk) => changedDisk(disk, { open: (_path, _mode, done) => disk.rename('/none', '/gone', () => done(fault, undefined as never)) }),
    write: (disk) => changedFiles(disk, (file) => ({ write: (_at, _bytes, done) => file.sync(() => done(fault)) })),
    sync: (disk) => changedFiles(disk, (file) => ({ sync: (done) => file.write(0, new Uint8Array(0), () => done(fault)) })),
    rename: (disk) => changedDisk(disk, { renameAndSync: (_from, _to, done) => disk.lock('/x', () => done(fault)) }),
  }

  it.each(Object.keys(faults))('whose %s fails leaves nothing behind, and the older one as it was', (step) => {
    const host = new TestHost()
    write(host, sampleImage())
    const before = host.bytes(`${DIRECTORY}/snapshot.2f`)
    host.disk = faults[step](host.memory)
    const changed = sampleImage()
    changed.session(77n, 1)
    const writer = new SnapshotWriter(host, OPTIONS)
    let failure: Error | undefined
    writer.write(changed, (error, snapshot) => {
      expect(snapshot).toBeUndefined()
      failure = error
    })
    host.settle()
    expect(failure).toBe(fault)
    expect(writer.busy).toBe(false)
    expect(changed.walksClosed).toBe(1)
    expect(host.names()).toEqual(['snapshot.2f'])
    expect(host.bytes(`${DIRECTORY}/snapshot.2f`)).toEqual(before)
  })
})

describe('stopping the writer', () => {
  it('gives up what is being written, at any step, and leaves nothing that goes on', () => {
    for (let steps = 0; ; steps++) {
      const host = new TestHost()
      const writer = new SnapshotWriter(host, OPTIONS)
      let written = false
      writer.write(largeImage(2000), (error) => {
        expect(error).toBeUndefined()
        written = true
      })
      for (let step = 0; step < steps; step++) host.step()
      if (written) break
      let stopped = false
      writer.stop(() => (stopped = true))
      expect(stopped).toBe(false)
      while (!stopped) expect(host.step()).toBe(true)
      const left = host.names().join()
      // The last step before the end is the rename, which is not undone.
      expect(['', 'snapshot.5']).toContain(left)
      host.settle()
      expect([written, writer.busy, host.names().join()]).toEqual([false, false, left])
    }
  })

  it('gives up at once what only leaves the disk to others', () => {
    const host = new TestHost()
    const writer = new SnapshotWriter(host, OPTIONS)
    writer.write(largeImage(2000), () => expect.unreachable(), false)
    host.settle()
    expect([writer.busy, host.names()]).toEqual([true, ['.unfinished-snapshot.5']])
    let stopped = false
    writer.stop(() => (stopped = true))
    host.settle()
    expect([stopped, writer.busy, host.names()]).toEqual([true, false, []])
  })

  it('does not wait for a log that has failed', () => {
    const host = new TestHost()
    let release: () => void = () => undefined
    const writer = new SnapshotWriter(host, OPTIONS, (_zxid, done) => (release = done))
    writer.write(sampleImage(), () => expect.unreachable())
    host.settle()
    let stopped = false
    writer.stop(() => (stopped = true))
    host.settle()
    expect(stopped).toBe(true)
    release()
    host.settle()
    expect(host.names()).toEqual([])
  })

  it('with nothing being written is over soon, and it may write again', () => {
    const host = new TestHost()
    const writer = new SnapshotWriter(host, OPTIONS)
    let stopped = false
    writer.stop(() => (stopped = true))
    expect(stopped).toBe(false)
    host.settle()
    expect(stopped).toBe(true)
    let written = false
    writer.write(sampleImage(), () => (written = true))
    host.settle()
    expect(written).toBe(true)
  })
})

describe('compression', () => {
  function unpack(host: TestHost, name: string): Image {
    expect(host.finish(looksComplete(host.disk, `${DIRECTORY}/${name}`))).toBe(true)
    return load(host, name, 5n).image
  }

  it('with snappy is framed as xerial frames it', () => {
    const host = new TestHost()
    const image = largeImage(2000)
    const { path, sizeBytes } = write(host, image, { compression: 'snappy' })
    expect(path).toBe(`${DIRECTORY}/snapshot.5.snappy`)
    expect(sizeBytes).toBeLessThan(400_000)
    expect(Buffer.from(host.bytes(path).subarray(0, 16)).toString('hex')).toBe('82534e41505059000000000100000001')
    expect(unpack(host, 'snapshot.5.snappy').content()).toEqual(image.content())
  })

  it('with snappy may be blocks of literals only', () => {
    const bytes = bytesOf(sampleImage())
    const blocks = [Buffer.from('82534e41505059000000000100000001', 'hex')]
    for (let at = 0; at < bytes.length; at += 50) {
      const literal = bytes.subarray(at, at + 50)
      const block = Buffer.concat([Buffer.from([literal.length, (literal.length - 1) << 2]), literal])
      blocks.push(Buffer.from([0, 0, 0, block.length]), block)
    }
    const host = new TestHost()
    host.write(`${DIRECTORY}/snapshot.2f.SNAPPY`, Buffer.concat(blocks))
    expect(load(host, 'snapshot.2f.SNAPPY', 0x2fn).image.content()).toEqual(sampleImage().content())
  })

  it('with gz is one member, whose end may be cut off', async () => {
    const host = new TestHost()
    const image = largeImage(5000)
    const path = await new Promise<string>((resolve, reject) => {
      const writer = new SnapshotWriter({ ...host, gzip: nodeGzip }, { ...OPTIONS, compression: 'gz' })
      writer.write(image, (error, snapshot) => {
        clearInterval(pump)
        if (snapshot === undefined) reject(error!)
        else resolve(snapshot.path)
      })
      // zlib's threads answer in turns of their own.
      const pump = setInterval(() => host.settle(), 1)
    })
    expect(path).toBe(`${DIRECTORY}/snapshot.5.gz`)
    const packed = host.bytes(path)
    expect(packed.length).toBeLessThan(400_000)
    expect(unpack(host, 'snapshot.5.gz').content()).toEqual(image.content())
    // Java reads on to the last seal and no further.
    host.write(path, packed.subarray(0, packed.length - 9))
    expect(unpack(host, 'snapshot.5.gz').content()).toEqual(image.content())
    host.write(path, packed.subarray(0, packed.length - 200))
    expect(() => load(host, 'snapshot.5.gz', 5n)).toThrow(CorruptStorage)
  })

  it.each([
    ['snapshot.5.gz', '1f8b0102030405'],
    ['snapshot.5.snappy', '82534e41505059000000000100000001ffffffff'],
    ['snapshot.5.snappy', '82534e4150505900000000010000000100000003010203'],
    ['snapshot.5.snappy', '82534e415050590000'],
    ['snapshot.5.gz', ''],
  ])('%s of the bytes %s is corrupt, not a crash', (name, hex) => {
    const host = new TestHost()
    host.write(`${DIRECTORY}/${name}`, Buffer.from(hex, 'hex'))
    expect(() => load(host, name, 5n)).toThrow(CorruptStorage)
  })

  it('of an unknown kind is none', () => {
    const host = new TestHost()
    host.write(`${DIRECTORY}/snapshot.2f.zip`, bytesOf(sampleImage()))
    expect(load(host, 'snapshot.2f.zip', 0x2fn).image.content()).toEqual(sampleImage().content())
  })
})
