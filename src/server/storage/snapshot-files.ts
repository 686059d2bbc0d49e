/** Which snapshots there are, and which of them look complete enough to be tried: SnapStream.isValidSnapshot. */

import { wait } from '../host/disk-work.ts'
import type { DiskWork } from '../host/disk-work.ts'
import type { DiskFile, Files } from '../host/host.ts'
import { type StoredFile, storedFiles } from './file-names.ts'
import { compressionOf, GZIP_MAGIC, SNAPPY_MAGIC, startsWith } from './snapshot-compression.ts'
import type { Compression } from './snapshot-compression.ts'

const SMALLEST_SNAPSHOT = 10
/** The string "/": ends the nodes and every seal. */
const LAST_BYTES = Uint8Array.of(0, 0, 0, 1, 0x2f)

/** All snapshots by their names, the newest first. */
export function* snapshotsNewestFirst(files: Files, directory: string): DiskWork<StoredFile[]> {
  return storedFiles(yield* wait.list(files, directory), 'snapshot').reverse()
}

/** The newest snapshots that pass the quick check, the newest first, at most `limit`. */
export function* validSnapshots(files: Files, directory: string, limit: number, onInvalid?: (name: string, sizeBytes: number) => void): DiskWork<StoredFile[]> {
  const valid: StoredFile[] = []
  for (const { name, zxid } of yield* snapshotsNewestFirst(files, directory)) {
    if (valid.length === limit) break
    const { isComplete, sizeBytes } = yield* look(files, `${directory}/${name}`)
    if (isComplete) valid.push({ name, zxid })
    else onInvalid?.(name, sizeBytes)
  }
  return valid
}

/** The quick check: an uncompressed file ends as one must, a compressed one begins so. */
export function* looksComplete(files: Files, path: string): DiskWork<boolean> {
  return (yield* look(files, path)).isComplete
}

function* look(files: Files, path: string): DiskWork<{ isComplete: boolean; sizeBytes: number }> {
  const file = yield* wait.open(files, path, 'read')
  try {
    const sizeBytes = yield* wait.size(file)
    return { isComplete: yield* endsWell(file, compressionOf(path), sizeBytes), sizeBytes }
  } finally {
    yield* wait.close(file)
  }
}

function* endsWell(file: DiskFile, compression: Compression, sizeBytes: number): DiskWork<boolean> {
  switch (compression) {
    case 'gz':
      return startsWith(yield* wait.read(file, 0, GZIP_MAGIC.length), GZIP_MAGIC)
    case 'snappy':
      return startsWith(yield* wait.read(file, 0, SNAPPY_MAGIC.length), SNAPPY_MAGIC)
    case '':
      return sizeBytes >= SMALLEST_SNAPSHOT && startsWith(yield* wait.read(file, sizeBytes - LAST_BYTES.length, LAST_BYTES.length), LAST_BYTES)
  }
}
