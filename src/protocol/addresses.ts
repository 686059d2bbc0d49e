/** Addresses as texts: which of them Java takes for an address, and how Java writes one. */
export function parseAddress(text: string): number[] | undefined {
  return text.includes(':') ? parseV6(text) : parseV4(text)
}

function parseV4(text: string): number[] | undefined {
  const parts = text.split('.').map((part) => parseInteger(part, 10))
  return parts.length === 4 && parts.every((part) => part !== undefined && part >= 0 && part <= 255) ? (parts as number[]) : undefined
}

/** Full or `::` form; no zone, no embedded IPv4. */
function parseV6(text: string): number[] | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half) => (half === '' && halves.length === 2 ? [] : half.split(':')))
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  const bytes: number[] = []
  for (const segment of [...head, ...(tail === undefined ? [] : new Array<string>(missing).fill('0')), ...(tail ?? [])]) {
    const value = segment.length > 4 ? undefined : parseInteger(segment, 16)
    if (value === undefined) return undefined
    bytes.push((value >> 8) & 0xff, value & 0xff)
  }
  return bytes
}

/** Integer.parseInt: a sign may lead, leading zeros mean nothing. */
export function parseInteger(text: string, radix: 10 | 16): number | undefined {
  if (!(radix === 10 ? /^[+-]?\d+$/ : /^[+-]?[0-9a-f]+$/i).test(text)) return undefined
  const value = parseInt(text, radix)
  return value >= -0x8000_0000 && value <= 0x7fff_ffff ? value : undefined
}

/**
 * The address in the form in which Java names it in ACLs and `whoami`: IPv4 dotted, also when mapped into IPv6;
 * IPv6 in full without leading zeros.
 */
export function javaAddress(address: string): string {
  const plain = address.replace(/%.*$/, '')
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)
  if (mapped !== null) return mapped[1]
  if (!plain.includes(':')) return plain
  const bytes = parseV6(plain)
  if (bytes === undefined) return plain
  const words: string[] = []
  for (let i = 0; i < 16; i += 2) words.push(((bytes[i] << 8) | bytes[i + 1]).toString(16))
  return words.join(':')
}

export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** As NetUtils.formatInetAddr: IPv6 in full and in brackets. */
export function endpointText({ host, port }: Endpoint): string {
  const plain = javaAddress(host)
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`
}
