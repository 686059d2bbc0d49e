/**
 * The sizes of block that the slab allocator hands out: steps of 8 bytes up to 256, then of about an eighth, each size chosen so
 * that a whole number of blocks fills a span with little left over. Few blocks of the largest sizes fill a span, so that these are
 * up to a quarter apart.
 */

/** One span holds blocks of one size. */
export const SPAN_BYTES = 64 * 1024
/** The largest block inside a span; anything larger gets an allocation of its own. */
export const LARGEST_BLOCK = SPAN_BYTES / 4

const SMALLEST_BLOCK = 16
const FINE_LIMIT = 256

/** The block size of each class in bytes, ascending, all multiples of 8. */
export const CLASS_BYTES = classSizes()
/** How many blocks of each class a span holds. */
export const CLASS_BLOCKS = CLASS_BYTES.map((bytes) => Math.floor(SPAN_BYTES / bytes))

const CLASS_OF = classTable()

/** The class of a block that holds `bytes`, which is at most LARGEST_BLOCK. */
export function sizeClassOf(bytes: number): number {
  return CLASS_OF[(bytes + 7) >>> 3]
}

function classSizes(): Int32Array {
  const sizes: number[] = []
  for (let bytes = SMALLEST_BLOCK; bytes <= FINE_LIMIT; bytes += 8) sizes.push(bytes)
  let last = FINE_LIMIT
  while (last < LARGEST_BLOCK) {
    const blocks = Math.min(Math.ceil(SPAN_BYTES / (last * 1.125)), Math.floor(SPAN_BYTES / last) - 1)
    last = Math.floor(SPAN_BYTES / blocks) & ~7
    sizes.push(last)
  }
  return Int32Array.from(sizes)
}

function classTable(): Uint8Array {
  const table = new Uint8Array(LARGEST_BLOCK / 8 + 1)
  let sizeClass = 0
  for (let units = 0; units < table.length; units++) {
    while (CLASS_BYTES[sizeClass] < units * 8) sizeClass += 1
    table[units] = sizeClass
  }
  return table
}
