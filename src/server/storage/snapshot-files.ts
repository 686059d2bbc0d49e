/** Which snapshots there are, and which of them look complete enough to be tried: SnapStream.isValidSnapshot. */

import type { Disk } from '../host/host.ts'
import { storedFiles, type StoredFile } from './file-names.ts'
import { compressionOf, GZIP_MAGIC, SNAPPY_MAGIC, startsWith } from './snapshot-compression.ts'

const SMALLEST_SNAPSHOT = 10
/** The string "/": ends the nodes and every seal. */
const LAST_BYTES = Uint8Array.of(0, 0, 0, 1, 0x2f)

/** All snapshots by their names, the newest first. */
export function snapshotsNewestFirst(disk: Disk, directory: string): StoredFile[] {
  return storedFiles(disk.list(directory), 'snapshot').reverse()
}

/** The newest snapshots that pass the quick check, the newest first, at most `limit`. */
export function validSnapshots(disk: Disk, directory: string, limit: number, onInvalid?: (name: string) => void): StoredFile[] {
  const valid: StoredFile[] = []
  for (const file of snapshotsNewestFirst(disk, directory)) {
    if (valid.length === limit) break
    if (looksComplete(disk, `${directory}/${file.name}`)) valid.push(file)
    else onInvalid?.(file.name)
  }
  return valid
}

/** The quick check: an uncompressed file ends as one must, a compressed one begins so. */
export function looksComplete(disk: Disk, path: string): boolean {
  const file = disk.open(path, 'read')
  try {
    switch (compressionOf(path)) {
      case 'gz':
        return startsWith(file.read(0, GZIP_MAGIC.length), GZIP_MAGIC)
      case 'snappy':
        return startsWith(file.read(0, SNAPPY_MAGIC.length), SNAPPY_MAGIC)
      case '': {
        const size = file.size
        return size >= SMALLEST_SNAPSHOT && startsWith(file.read(size - LAST_BYTES.length, LAST_BYTES.length), LAST_BYTES)
      }
    }
  } finally {
    file.close()
  }
}
