// What a server says of its commits: whether nobody else waits for it.
import type { Disk } from '../../src/server/host/host.ts'

/** Of each commit to a file that is opened from now on. */
export function notedCommits(disk: Disk): boolean[] {
  const alone: boolean[] = []
  const open = disk.open.bind(disk)
  disk.open = (path, mode) => {
    const file = open(path, mode)
    const writeAndSync = file.writeAndSync.bind(file)
    file.writeAndSync = (at, bytes, done, isAlone = false) => {
      alone.push(isAlone)
      writeAndSync(at, bytes, done)
    }
    return file
  }
  return alone
}
