// Every number that a configuration can hold, at 0, at -1 and at its largest: it is refused, or the server serves with it and no timer runs wild.
import { describe, expect, it } from 'vitest'
import { ConfigRefused } from '../../../src/server/config/config-refused.ts'
import type { Row } from '../../../src/server/config/key-table.ts'
import { loadSettings } from '../../../src/server/config/load-settings.ts'
import { defaultSettings, settingKeys } from '../../../src/server/config/settings.ts'
import type { Settings } from '../../../src/server/config/settings.ts'
import { quorumKeys } from '../../../src/server/config/quorum-settings.ts'
import type { FakeHost } from '../../support/fake-host.ts'
import { FakeEnsemble } from '../../support/fake-ensemble.ts'
import { FakeServer } from '../../support/fake-server.ts'
import * as ask from '../../support/requests.ts'

const VALUES = ['0', '-1', '2147483647', '9223372036854775807']
const WATCHED_MS = 30_000
/** A healthy server sets 3 a second or so, a member of an ensemble 20; one that fires after 1 ms comes to 30,000. */
const MAX_TIMERS = 3000

/** As in Java, where nobody is served with them either. */
const silencing = new Set(['flushDelay=2147483647', 'jute.maxbuffer=0', 'jute.maxbuffer=-1', 'flushDelay=9223372036854775807'])

const usual = ['dataDir=/data', 'tickTime=2000', 'initLimit=5', 'syncLimit=5', 'clientPort=2181']
const three = ['server.1=127.0.0.1:1:2', 'server.2=127.0.0.1:3:4', 'server.3=127.0.0.1:5:6']

const defaults = defaultSettings() as unknown as Record<string, unknown>

/** Field and key of each number; ports are looked at elsewhere. */
function numbersOf(rows: Readonly<Record<string, Row<never>>>): [field: keyof Settings, key: string][] {
  return Object.entries(rows).flatMap(([field, row]): [keyof Settings, string][] => {
    if (typeof defaults[field] !== 'number' || /Port$/.test(field) || row.kind === 'derived') return []
    return [[field as keyof Settings, row.kind === 'typed' ? row.key : row.names[0].replace(/^zookeeper\./, '')]]
  })
}

/** Undefined = refused with a sentence of its own. */
function load(key: string, value: string, lines: readonly string[]): Settings | undefined {
  const isFlag = !lines.some((line) => line.startsWith(`${key}=`)) && /^(?:jute|znode|readonlymode)\./.test(key)
  const properties = new Map(isFlag ? [[key, value]] : [])
  const text = [...lines, ...(isFlag ? [] : [`${key}=${value}`])].join('\n')
  try {
    return loadSettings({ text, path: '/zoo.cfg', properties, readText: () => '1' }).settings
  } catch (error) {
    if (error instanceof ConfigRefused) return undefined
    throw error
  }
}

/** How many timers are set while the time passes. */
function timersSet(host: FakeHost): number {
  const { clock } = host
  const after = clock.after.bind(clock)
  let count = 0
  clock.after = (delayMs, callback) => {
    expect(delayMs).not.toBeNaN()
    if (++count > MAX_TIMERS) throw new Error(`more than ${MAX_TIMERS} timers`)
    return after(delayMs, callback)
  }
  host.advance(WATCHED_MS)
  clock.after = after
  return count
}

describe.each(numbersOf(settingKeys as never))('%s', (field, key) => {
  it.each(VALUES)(`${key}=%s on a server on its own`, (value) => {
    const settings = load(key, value, usual)
    if (settings === undefined) return
    expect(settings[field]).not.toBeNaN()
    if (silencing.has(`${key}=${value}`)) return
    const fake = new FakeServer({ ...settings, preAllocSizeKb: key === 'preAllocSize' ? settings.preAllocSizeKb : 64 })
    fake.session({ timeOut: 10_000 }).ok(ask.create('/a'))
    expect(timersSet(fake.host)).toBeLessThan(MAX_TIMERS)
    fake.session({ timeOut: 10_000 }).ok(ask.create('/b'))
    expect(fake.fatal).toEqual([])
    fake.stop()
  })
})

describe.each(numbersOf(quorumKeys as never))('%s', (field, key) => {
  it.each(VALUES)(`${key}=%s in an ensemble`, (value) => {
    const settings = load(key, value, [...usual, ...three])
    if (settings === undefined) return
    const ensemble = new FakeEnsemble('1 2 3', { [field]: settings[field] })
    ensemble.converge(20_000)
    ensemble.member(1).session({ timeOut: 10_000 }).ok(ask.create('/a'))
    expect(timersSet(ensemble.world)).toBeLessThan(MAX_TIMERS)
    // And an election of those who are left.
    ensemble.leader!.kill()
    ensemble.converge(20_000)
    ensemble.leader!.session({ timeOut: 10_000 }).ok(ask.create('/b'))
    // The last one looks for a quorum in vain.
    ensemble.leader!.kill()
    expect(timersSet(ensemble.world)).toBeLessThan(MAX_TIMERS)
  })
})
