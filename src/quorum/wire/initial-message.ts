/**
 * The first bytes on an election connection: who dials, and where it can be dialled back (QuorumCnxManager.InitialMessage).
 */
import { MalformedFrame } from '../../jute/malformed-frame.ts'
import { JuteReader } from '../../jute/reader.ts'
import { decodeUtf8 } from '../../jute/utf8.ts'
import { JuteWriter } from '../../jute/writer.ts'
import { endpointText, javaAddress } from '../../protocol/addresses.ts'
import type { Endpoint } from '../../protocol/addresses.ts'
import { ConfigRefused } from '../../server/config/config-refused.ts'
import { plainInt32, splitLikeJava } from '../../server/config/java-values.ts'
import { hostAndPorts } from '../../server/config/membership.ts'

const ONE_ADDRESS = -65536n
const SEVERAL_ADDRESSES = -65535n
const LONG_BYTES = 8
/** Behind the version: sid and length of the addresses. */
const HEAD_BYTES = 12
const MAX_ADDRESSES_BYTES = 2048
const WILDCARDS = ['0.0.0.0', '0:0:0:0:0:0:0:0']

export interface InitialMessage {
  readonly sid: bigint
  /** Where to dial back; empty = nothing usable was said. */
  readonly addresses: readonly Endpoint[]
  readonly lengthBytes: number
}

/** To be sent in one piece: Java gives up when the addresses come in two. */
export function initialMessage(sid: bigint, addresses: readonly Endpoint[], isMultiAddress: boolean): Uint8Array {
  const announced = isMultiAddress ? addresses : addresses.slice(0, 1)
  const writer = new JuteWriter()
  writer.long(isMultiAddress ? SEVERAL_ADDRESSES : ONE_ADDRESS)
  writer.long(sid)
  writer.ustring(announced.map(endpointText).join('|'))
  return writer.copy()
}

/** Undefined while more bytes are needed; throws MalformedFrame for what is no initial message. */
export function readInitialMessage(bytes: Uint8Array): InitialMessage | undefined {
  if (bytes.length < LONG_BYTES) return undefined
  const reader = new JuteReader()
  reader.reset(bytes)
  const version = reader.long()
  // As servers before 3.5 say it: the sid alone.
  if (version >= 0n) return { sid: version, addresses: [], lengthBytes: reader.position }
  if (version !== ONE_ADDRESS && version !== SEVERAL_ADDRESSES) throw new MalformedFrame('value', `protocol version ${version}`)
  if (reader.remaining < HEAD_BYTES) return undefined
  const sid = reader.long()
  const length = reader.int()
  if (length < 1 || length > MAX_ADDRESSES_BYTES) throw new MalformedFrame('length', `addresses of ${length} bytes`)
  if (reader.remaining < length) return undefined
  const at = reader.advance(length)
  const addresses = splitLikeJava(decodeUtf8(reader.bytes, at, at + length), '|').map(readEndpoint)
  return { sid, addresses: addresses.filter(({ host }) => !WILDCARDS.includes(javaAddress(host))), lengthBytes: reader.position }
}

function readEndpoint(text: string): Endpoint {
  const [host, portText, ...rest] = partsOf(text)
  const port = plainInt32(portText ?? '')
  const isGood = rest.length === 0 && host !== '' && port !== undefined && port > 0 && port <= 0xffff
  if (!isGood) throw new MalformedFrame('value', `badly formed address ${text}`)
  return { host: host, port }
}

function partsOf(text: string): string[] {
  try {
    return hostAndPorts(text)
  } catch (error) {
    if (!(error instanceof ConfigRefused)) throw error
    throw new MalformedFrame('value', error.message)
  }
}
