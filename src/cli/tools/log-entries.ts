/** The entries of a log file as TxnLogToolkit reads them: with checksums and trailers as they are, until the bytes end. */
import { JuteReader } from '../../jute/reader.ts'
import type { BlockingFile } from '../../server/host/host.ts'
import { adler32 } from '../../server/storage/adler32.ts'
import { ENTRY_HEAD_SIZE, ENTRY_TRAILER, ENTRY_TRAILER_SIZE, FILE_HEADER_SIZE } from '../../server/storage/txn-log-format.ts'

export interface RawEntry {
  readonly payload: Uint8Array
  readonly checksum: bigint
  readonly rightChecksum: bigint
  readonly hasTrailer: boolean
}

export function* rawEntries(file: BlockingFile): IterableIterator<RawEntry> {
  const reader = new JuteReader()
  for (let position = FILE_HEADER_SIZE; ;) {
    const head = file.read(position, ENTRY_HEAD_SIZE)
    if (head.length < ENTRY_HEAD_SIZE) return
    reader.reset(head)
    const checksum = reader.long()
    const length = reader.int()
    if (length <= 0) return
    position += ENTRY_HEAD_SIZE
    const bytes = file.read(position, length + ENTRY_TRAILER_SIZE)
    if (bytes.length < length) return
    const payload = bytes.subarray(0, length)
    yield { payload, checksum, rightChecksum: BigInt(adler32(payload)), hasTrailer: bytes[length] === ENTRY_TRAILER }
    position += length + ENTRY_TRAILER_SIZE
  }
}
