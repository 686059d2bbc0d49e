/** Numbers and dates as Java's tools print them on an American machine, in the zone of this process. */

const shortDate = new Intl.DateTimeFormat('en-US', { dateStyle: 'short', timeStyle: 'long' })
const dateParts = new Intl.DateTimeFormat('en-US', {
  weekday: 'short',
  month: 'short',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
  timeZoneName: 'short',
  year: 'numeric',
})

/** As Long.toHexString. */
export function hexOf(value: bigint): string {
  return BigInt.asUintN(64, value).toString(16)
}

/** As String.format("%#016x"): the prefix is among the sixteen. */
export function paddedHex(value: bigint): string {
  return `0x${hexOf(value).padStart(14, '0')}`
}

/** As DateFormat with a short date and a long time. */
export function shortDateTime(ms: bigint): string {
  // Younger editions of the locale data than Java 17's put another kind of blank before AM and PM.
  return shortDate.format(Number(ms)).replaceAll('\u202f', ' ')
}

/** As Date.toString. */
export function dateText(ms: bigint): string {
  const parts = new Map(dateParts.formatToParts(Number(ms)).map(({ type, value }) => [type, value]))
  const time = `${parts.get('hour')}:${parts.get('minute')}:${parts.get('second')}`
  return `${parts.get('weekday')} ${parts.get('month')} ${parts.get('day')} ${time} ${parts.get('timeZoneName')} ${parts.get('year')}`
}

/**
 * In the order in which a HashSet or HashMap of Java gives what was put into it in this order. `capacity` is what it was
 * made for, a power of two.
 */
export function inHashOrder<T>(items: readonly T[], hashOf: (item: T) => number, capacity: number): T[] {
  let buckets = capacity
  while (items.length > buckets * 0.75) buckets *= 2
  const bucketOf = (item: T): number => {
    const hash = hashOf(item)
    return (hash ^ (hash >>> 16)) & (buckets - 1)
  }
  return items
    .map((item) => ({ item, bucket: bucketOf(item) }))
    .sort((a, b) => a.bucket - b.bucket)
    .map(({ item }) => item)
}

/** As String.hashCode. */
export function stringHash(text: string): number {
  let hash = 0
  for (let index = 0; index < text.length; index++) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0
  return hash
}

/** As Long.hashCode. */
export function longHash(value: bigint): number {
  const bits = BigInt.asUintN(64, value)
  return Number(BigInt.asIntN(32, bits ^ (bits >> 32n)))
}
