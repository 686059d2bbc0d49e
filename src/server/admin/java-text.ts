/** Values as Java prints them, where tools compare the text. */

/** As Double.toString: always with a fraction, scientific below 10^-3 and from 10^7 on. */
export function javaDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity'
  const size = Math.abs(value)
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  if (size >= 1e-3 && size < 1e7) return withFraction(String(value))
  const [digits, exponent] = value.toExponential().split('e')
  return `${withFraction(digits)}E${Number(exponent)}`
}

function withFraction(digits: string): string {
  return digits.includes('.') ? digits : `${digits}.0`
}

/** To four decimals, halves away from zero, as AvgMinMaxCounter rounds averages. */
export function fourDecimals(value: number): number {
  return Number(value.toFixed(4))
}

/** As InetSocketAddress.toString of an address without a name; IPv6 stands in brackets. */
export function socketText(address: string, port: number): string {
  return address.includes(':') ? `/[${address}]:${port}` : `/${address}:${port}`
}

const weekdays = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DAY_MS = 86_400_000

/** As Date.toString in the zone UTC, from milliseconds since 1970: `Sat Nov 21 20:38:45 UTC 2026`. */
export function javaDate(wallMs: number): string {
  const days = Math.floor(wallMs / DAY_MS)
  const seconds = Math.floor((wallMs - days * DAY_MS) / 1000)
  const two = (value: number): string => String(value).padStart(2, '0')
  const time = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(':')
  const { year, month, day } = civilDate(days)
  const weekday = weekdays[((days % 7) + 7) % 7]
  return `${weekday} ${months[month]} ${two(day)} ${time} UTC ${year}`
}

/** Days since 1970 to the Gregorian calendar, counted in years that begin in March, so that leap days come last. */
function civilDate(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365)
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const month = (fromMarch + 2) % 12
  return { year: yearOfEra + era * 400 + (month < 2 ? 1 : 0), month, day: dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1 }
}
