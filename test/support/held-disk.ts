// A disk that answers nothing for a while: what is asked of it meanwhile is done when it is let go.
import { filesThrough } from '../../src/server/host/files-over.ts'
import type { MemoryDisk } from '../../src/server/host/memory-disk.ts'

export interface HeldDisk {
  hold(): void
  release(): void
  /** Calls that wait. */
  readonly waiting: number
}

/** Files that are opened from now on, and all calls of the disk, can be held. */
export function holdable(disk: MemoryDisk): HeldDisk {
  let held: (() => void)[] | undefined
  const files = filesThrough({ ...disk }, (done, work) => {
    if (held === undefined) work(done)
    else held.push(() => work(done))
  })
  Object.assign(disk, files)
  return {
    hold: () => void (held ??= []),
    release() {
      const waiting = held ?? []
      held = undefined
      for (const work of waiting) work()
    },
    get waiting() {
      return held?.length ?? 0
    },
  }
}
