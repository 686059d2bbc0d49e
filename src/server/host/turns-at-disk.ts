/**
 * Files of which one call at a time is under way, in the order in which they were asked for. A disk that hangs holds as many
 * threads of the pool as calls are under way; all who ask here hold one together.
 */
import { filesThrough } from './files-over.ts'
import type { Files } from './host.ts'

export function filesInTurn(files: Files): Files {
  const waiting: (() => void)[] = []
  let isTaken = false
  return filesThrough(files, (done, work) => {
    const begin = (): void => {
      isTaken = true
      work((...results) => {
        isTaken = false
        // Whoever asks from inside `done` comes behind those who wait.
        waiting.shift()?.()
        done(...results)
      })
    }
    if (isTaken) waiting.push(begin)
    else begin()
  })
}
