/** A disk for servers of this process that leave nothing behind. */
import { MemoryDisk } from '../server/host/memory-disk.ts'
import { nodeClock } from '../server/host/node-clock.ts'

export function diskInMemory(): MemoryDisk {
  return new MemoryDisk({ later: setImmediate, wallTime: () => nodeClock.wallTime() })
}
