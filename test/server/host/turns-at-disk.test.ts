import { expect, test } from 'vitest'
import { run, wait } from '../../../src/server/host/disk-work.ts'
import type { DiskWork } from '../../../src/server/host/disk-work.ts'
import { filesThrough } from '../../../src/server/host/files-over.ts'
import { MemoryDisk } from '../../../src/server/host/memory-disk.ts'
import { filesInTurn } from '../../../src/server/host/turns-at-disk.ts'

test('one call at a time is under way, in the order of the asking, be it of a file or of the disk', () => {
  const turns: (() => void)[] = []
  const memory = new MemoryDisk({ later: (callback) => void turns.push(callback), wallTime: () => 0 })
  let [underWay, most] = [0, 0]
  const counted = filesThrough(memory, (done, work) => {
    most = Math.max(most, ++underWay)
    work((...results) => {
      underWay--
      done(...results)
    })
  })
  const files = filesInTurn(counted)
  const order: string[] = []
  function* write(name: string): DiskWork<void> {
    const file = yield* wait.open(files, `/${name}`, 'create')
    for (let index = 0; index < 3; index++) {
      yield* wait.write(file, index, Buffer.from(name))
      order.push(`${name}${index}`)
    }
    yield* wait.close(file)
  }
  for (const name of ['a', 'b', 'c']) run(write(name), (error) => order.push(error === undefined ? name : error.message))
  for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) turn()
  expect(most).toBe(1)
  // Nobody waits for the whole of what another has to do.
  expect(order).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'c1', 'a2', 'b2', 'c2', 'a', 'b', 'c'])
})
