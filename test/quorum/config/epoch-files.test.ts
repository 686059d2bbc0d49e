import { describe, expect, test } from 'vitest'
import { EpochFiles } from '../../../src/quorum/config/epoch-files.ts'
import type { MemoryDisk } from '../../../src/server/host/memory-disk.ts'
import { StartupRefused } from '../../../src/server/storage/storage-errors.ts'
import { FakeHost } from '../../support/fake-host.ts'

const DIRECTORY = '/data/version-2'

interface Stage {
  readonly host: FakeHost
  readonly epochs: EpochFiles
  text(name: string): string
}

function begin(files: Record<string, string> = {}): Stage {
  const host = new FakeHost()
  const { now } = host.disk as MemoryDisk
  now.makeDirectory(DIRECTORY)
  for (const [name, text] of Object.entries(files)) now.open(`${DIRECTORY}/${name}`, 'create').write(0, Buffer.from(text))
  const text = (name: string): string => Buffer.from(now.open(`${DIRECTORY}/${name}`, 'read').read(0, 100)).toString()
  return { host, epochs: new EpochFiles(host, DIRECTORY), text }
}

describe('EpochFiles', () => {
  test('are made from the last zxid where they are missing', () => {
    const { host, epochs, text } = begin()
    host.finish(epochs.load(0x700000005n))
    host.settle()
    expect([epochs.current, epochs.accepted]).toEqual([7n, 7n])
    expect([text('currentEpoch'), text('acceptedEpoch')]).toEqual(['7', '7'])
  })

  test('are read as Java writes them', () => {
    const { host, epochs } = begin({ currentEpoch: '12', acceptedEpoch: '13' })
    host.finish(epochs.load(0xc00000001n))
    expect([epochs.current, epochs.accepted]).toEqual([12n, 13n])
  })

  test('a history newer than currentEpoch does not stop the server, and does not raise its vote', () => {
    const { host, epochs } = begin({ currentEpoch: '3', acceptedEpoch: '4' })
    host.finish(epochs.load(0x400000002n))
    expect([epochs.current, epochs.accepted]).toEqual([3n, 4n])
    expect(host.warnings).toHaveLength(1)
  })

  test.each([
    ['an accepted epoch below the current one', { currentEpoch: '5', acceptedEpoch: '4' }],
    ['what is no number', { currentEpoch: 'five', acceptedEpoch: '5' }],
    ['nothing at all', { currentEpoch: '', acceptedEpoch: '5' }],
  ])('%s refuses the start', (_what, files) => {
    const { host, epochs } = begin(files)
    expect(() => host.finish(epochs.load(0n))).toThrow(StartupRefused)
  })

  test('hold a new number once it is durable, in a file that is whole at any time', () => {
    const { host, epochs, text } = begin({ currentEpoch: '1', acceptedEpoch: '1' })
    host.finish(epochs.load(0n))
    const told: unknown[] = []
    epochs.setAccepted(2n, (error) => told.push(error))
    expect([epochs.accepted, text('acceptedEpoch')]).toEqual([1n, '1'])
    host.settle()
    expect([told, epochs.accepted, text('acceptedEpoch')]).toEqual([[undefined], 2n, '2'])
    expect((host.disk as MemoryDisk).now.list(DIRECTORY)).toEqual(['acceptedEpoch', 'currentEpoch'])
  })

  test('are written one after the other, whoever asks', () => {
    const { host, epochs, text } = begin({ currentEpoch: '1', acceptedEpoch: '1' })
    host.finish(epochs.load(0n))
    const told: string[] = []
    epochs.setAccepted(2n, () => told.push(`accepted ${epochs.accepted}`))
    epochs.setAccepted(3n, () => told.push(`accepted ${epochs.accepted}`))
    epochs.setCurrent(3n, () => told.push(`current ${epochs.current}`))
    epochs.whenIdle(() => told.push('idle'))
    host.settle()
    expect(told).toEqual(['accepted 2', 'accepted 3', 'current 3', 'idle'])
    expect([text('acceptedEpoch'), text('currentEpoch')]).toEqual(['3', '3'])
    expect((host.disk as MemoryDisk).now.list(DIRECTORY)).toEqual(['acceptedEpoch', 'currentEpoch'])
    epochs.whenIdle(() => told.push('still idle'))
    host.settle()
    expect(told.at(-1)).toBe('still idle')
  })

  test('say what the disk says when it fails', () => {
    const { host, epochs } = begin({ currentEpoch: '1', acceptedEpoch: '1' })
    host.finish(epochs.load(0n))
    ;(host.disk as MemoryDisk).open = (_path, _mode, done) => done(new Error('ENOSPC'), undefined as never)
    const told: unknown[] = []
    epochs.setCurrent(2n, (error) => told.push(error?.message))
    host.settle()
    expect([told, epochs.current]).toEqual([['ENOSPC'], 1n])
  })
})
