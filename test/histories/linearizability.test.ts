// The checker of histories, by histories made by hand: those that can be explained pass, and what must not happen is found.
// `1 10-20 set k=a -> a@1`: client 1 asked at 10, was answered at 20. `?`: never answered. `plain read`: without a sync.
import { describe, expect, it } from 'vitest'
import type { Node, Operation, Outcome, Step } from '../../interop-tests/histories/history.ts'
import { linearizabilityFaults } from '../../interop-tests/histories/linearizability.ts'
import { Code } from '../../src/protocol/codes.ts'

const codes: Record<string, number> = { NONODE: Code.NONODE, NODEEXISTS: Code.NODEEXISTS, BADVERSION: Code.BADVERSION }

function operationOf(line: string): Operation {
  const [, client, connection, from, to, rest, told] = /^(\d+)(?:\.(\d+))? (\d+)-(\d+|\?) (.*?)(?: -> (.*))?$/.exec(line.trim())!
  const mayBeStale = rest.startsWith('plain ')
  const steps = rest.replace('plain ', '').split(' + ').map(stepOf)
  return {
    client: Number(client),
    connection: Number(connection ?? 1),
    steps,
    mayBeStale,
    invokedAt: Number(from),
    answeredAt: to === '?' ? Infinity : Number(to),
    outcome: to === '?' ? undefined : outcomeOf(steps, told ?? 'ok'),
  }
}

function stepOf(text: string): Step {
  const [, kind, key, value, version] = /^(\w+) (\w+)(?:=(\w+))?(?:@(\d+))?$/.exec(text)!
  return { kind, key, value, version: version === undefined ? -1 : Number(version) } as Step
}

function outcomeOf(steps: readonly Step[], told: string): Outcome {
  const [, code, step] = /^([A-Z]+)(?: at (\d+))?$/.exec(told) ?? []
  if (code !== undefined) return { kind: 'refused', code: codes[code], step: Number(step ?? 0) }
  const nodes = told === 'ok' ? steps.map(() => undefined) : told.split(' ').map(nodeOf)
  return { kind: 'done', nodes }
}

function nodeOf(text: string): Node | null {
  const [value, version] = text.split('@')
  return text === '-' ? null : { value: value, version: Number(version) }
}

function faultsOf(history: string): string[] {
  return linearizabilityFaults(history.trim().split('\n').map(operationOf))
}

describe('a history that is explained', () => {
  it.each([
    ['one after the other', '1 0-1 create k=a\n2 2-3 set k=b@0 -> b@1\n1 4-5 read k -> b@1\n1 6-7 delete k@1\n2 8-9 read k -> -'],
    ['refusals', '1 0-1 set k=a -> NONODE\n1 2-3 create k=b\n1 4-5 create k=c -> NODEEXISTS\n1 6-7 set k=d@1 -> BADVERSION\n1 8-9 read k -> b@0'],
    ['overlapping writes in either order', '1 0-9 create k=a\n2 0-9 set k=b -> b@1\n3 0-9 set k=c -> c@2\n1 10-11 read k -> c@2'],
    ['a write without an answer that was done', '1 0-1 create k=a\n1 2-? set k=b\n2 3-4 read k -> b@1'],
    ['one that was done later', '1 0-1 create k=a\n1 2-? set k=b\n2 3-4 read k -> a@0\n2 5-6 read k -> b@1'],
    ['one that was not', '1 0-1 create k=a\n1 2-? set k=b\n2 3-4 set k=c -> c@1'],
    ['one that was refused, and the next on its connection done', '1 0-1 create k=a\n1 2-? set k=b@7\n1 2-? set k=c\n2 5-6 read k -> c@1'],
    ['one that shows in a version only', '1 0-1 create k=a\n1 2-? set k=b\n2 3-4 set k=c -> c@2'],
    ['a plain read of what was', '1 0-1 create k=a\n1 2-3 set k=b -> b@1\n2 4-5 plain read k -> a@0\n2 6-7 plain read k -> b@1'],
    ['a plain read before a write of the connection before', '1.1 0-1 create k=a\n1.1 2-? set k=b\n1.2 3-4 plain read k -> a@0\n2 5-6 read k -> b@1'],
    ['a multi', '1 0-1 create a=x + create b=y\n2 2-3 read a + read b -> x@0 y@0\n1 4-5 set a=z + check b@3 -> BADVERSION at 1\n2 6-7 read a -> x@0'],
  ])('%s', (_name, history) => {
    expect(faultsOf(history)).toEqual([])
  })

  it('is found among many writes without an answer', () => {
    const lost = Array.from({ length: 60 }, (_none, index) => `${index % 6}.${index} ${index}-? set k=u${index}`)
    expect(faultsOf(['9 0-0 create k=a', ...lost, '9 100-101 set k=b -> b@13', '9 102-103 read k -> b@13'].join('\n'))).toEqual([])
  })
})

describe('what is found', () => {
  it.each([
    ['a lost write', '1 0-1 create k=a\n1 2-3 set k=b -> b@1\n2 4-5 read k -> a@0'],
    ['a lost write that only a version shows', '1 0-1 create k=a\n1 2-3 set k=b -> b@1\n2 4-5 set k=c -> c@1'],
    ['a write that is lost in the end', '1 0-1 create k=a\n2 2-3 read k -> a@0\n1 4-5 delete k\n2 6-7 read k -> a@0'],
    ['a stale read behind a sync', '1 0-1 create k=a\n1 2-3 set k=b -> b@1\n2 4-5 read k -> a@0\n2 6-7 read k -> b@1'],
    ['a write that is applied twice', '1 0-1 create k=a\n1 2-3 set k=b -> b@1\n2 4-5 read k -> b@2'],
    ['a write without an answer that is applied twice', '1 0-1 create k=a\n1 2-? set k=b\n2 4-5 read k -> b@1\n2 6-7 set k=c -> c@2\n2 8-9 read k -> b@3'],
    ['a pipeline whose effects are in another order', '1 0-9 create k=a\n1 0-9 set k=b -> b@2\n1 0-9 set k=c -> c@1'],
    ['a lost request and a done one behind it on the connection', '1 0-1 create k=a\n1 2-? set k=b\n1 2-? set k=c\n2 5-6 read k -> c@1'],
    ['a write of an old connection, done behind those of the next', '1.1 0-1 create k=a\n1.1 2-? set k=b\n1.2 3-4 set k=c -> c@1\n2 5-6 read k -> b@2'],
    ['the same behind a read of what is current', '1.1 0-1 create k=a\n1.1 2-? set k=b\n1.2 3-4 read k -> a@0\n2 5-6 read k -> b@1'],
    ['a write that is seen before it is asked for', '1 0-1 create k=a\n2 2-3 read k -> b@1\n1 4-5 set k=b -> b@1'],
    ['a value that is seen and gone', '1 0-1 create k=a\n1 2-? set k=b\n2 3-4 read k -> b@1\n3 5-6 read k -> a@0'],
    ['two creations of one node', '1 0-1 create k=a\n2 2-3 create k=b'],
    ['half a multi', '1 0-1 create a=x + create b=y\n1 2-3 set a=z + set b=z -> z@1 z@1\n2 4-5 read a + read b -> z@1 y@0'],
    ['a refused multi that is half done', '1 0-1 create a=x\n1 2-3 set a=z + set b=z -> NONODE at 1\n2 4-5 read a -> z@1'],
    [
      'a plain read of what is older than what the client has seen',
      '1 0-1 create k=a\n1 2-3 set k=b -> b@1\n2 4-5 plain read k -> b@1\n2 6-7 plain read k -> a@0',
    ],
    ['a plain read of what is older than what the client has written', '1 0-1 create k=a\n1 2-3 set k=b -> b@1\n1 4-5 plain read k -> a@0'],
    ['a plain read of what is not yet', '1 0-1 create k=a\n2 2-3 plain read k -> b@1\n1 4-5 set k=b -> b@1'],
    ['a wrong refusal', '1 0-1 create k=a\n2 2-3 set k=b@0 -> BADVERSION'],
  ])('%s', (_name, history) => {
    expect(faultsOf(history)).toEqual([expect.stringMatching(/^no order explains /)])
  })

  it('only where it is', () => {
    expect(faultsOf('1 0-1 create good=a\n1 0-1 create bad=a\n2 2-3 read bad -> -\n2 4-5 read good -> a@0')).toEqual([
      expect.stringMatching(/^no order explains bad: 1 of 2/),
    ])
  })
})
