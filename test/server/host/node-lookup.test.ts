// Names are looked up by threads that files need too: one at a time, and a dead name holds up nobody.
import { beforeEach, describe, expect, it } from 'vitest'
import { NameLookup } from '../../../src/server/host/node-lookup.ts'
import { FakeClock } from '../../support/fake-clock.ts'

let clock: FakeClock
let names: NameLookup
/** Look-ups that the system has not answered. */
let asked: Map<string, (address: string | undefined) => void>
let answers: string[]

beforeEach(() => {
  clock = new FakeClock()
  asked = new Map()
  answers = []
  names = new NameLookup({
    lookUp: (name, done) => {
      expect(asked.has(name), `${name} twice`).toBe(false)
      asked.set(name, (address) => {
        asked.delete(name)
        if (address === undefined) done(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), [])
        else done(null, [{ address, family: 4 }])
      })
    },
    now: () => clock.now(),
    after: (delayMs, callback) => clock.after(delayMs, callback),
  })
})

function find(name: string): void {
  names.find(name, (error, addresses) => answers.push(`${name} ${error?.code ?? addresses.map(({ address }) => address).join()}`))
}

function pass(ms: number): void {
  clock.nowMs += ms
  while (clock.fireDue());
}

describe('names', () => {
  it('are looked up one at a time, in the order of asking, and once for all who ask', () => {
    for (const name of ['a', 'b', 'a']) find(name)
    expect([...asked.keys()]).toEqual(['a'])
    asked.get('a')!('10.0.0.1')
    expect([...asked.keys()]).toEqual(['b'])
    asked.get('b')!(undefined)
    expect(answers).toEqual(['a 10.0.0.1', 'a 10.0.0.1', 'b ENOTFOUND'])
  })

  it('that are slow are passed over', () => {
    find('dead')
    find('live')
    pass(500)
    expect(answers).toEqual(['dead EAI_AGAIN'])
    asked.get('live')!('10.0.0.2')
    expect(answers).toEqual(['dead EAI_AGAIN', 'live 10.0.0.2'])
  })

  it('that hang are answered from memory and not asked for twice', () => {
    find('dead')
    pass(500)
    find('dead')
    expect(answers).toHaveLength(1)
    pass(0)
    expect(answers).toEqual(['dead EAI_AGAIN', 'dead EAI_AGAIN'])
    asked.get('dead')!('10.0.0.3')
    find('dead')
    asked.get('dead')!(undefined)
    expect(answers.at(-1)).toBe('dead 10.0.0.3')
  })

  it('leave two threads for files', () => {
    for (const name of ['a', 'b', 'c', 'd']) find(name)
    for (let i = 0; i < 5; i++) pass(500)
    expect([...asked.keys()]).toEqual(['a', 'b'])
    asked.get('b')!(undefined)
    expect([...asked.keys()]).toEqual(['a', 'c'])
  })

  it('that failed rest for two seconds', () => {
    find('a')
    asked.get('a')!(undefined)
    pass(1999)
    find('a')
    pass(0)
    expect([asked.size, answers.length]).toEqual([0, 2])
    pass(1)
    find('a')
    expect(asked.size).toBe(1)
  })

  it('that once were good fall back to that', () => {
    find('a')
    asked.get('a')!('10.0.0.1')
    find('a')
    pass(500)
    asked.get('a')!(undefined)
    find('a')
    pass(0)
    expect(answers).toEqual(['a 10.0.0.1', 'a 10.0.0.1', 'a 10.0.0.1'])
  })

  it('are forgotten when there are too many', () => {
    for (let i = 0; i < 1000; i++) {
      find(`name${i}`)
      asked.get(`name${i}`)!(`10.0.0.1`)
    }
    find('name0')
    pass(500)
    expect(answers.at(-1)).toBe('name0 EAI_AGAIN')
    find('name999')
    pass(500)
    expect(answers.at(-1)).toBe('name999 10.0.0.1')
  })
})
