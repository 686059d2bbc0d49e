// The first bytes of an election connection: quorum-protocol 2.2.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MalformedFrame } from '../../../src/jute/malformed-frame.ts'
import { initialMessage, readInitialMessage } from '../../../src/quorum/wire/initial-message.ts'

const V1 = 'ffffffffffff0000'
const SID = '0000000000000003'

function bytes(head: string, text = ''): Buffer {
  return Buffer.concat([Buffer.from(head.replace(/\s/g, ''), 'hex'), Buffer.from(text)])
}

function addressed(text: string, version = V1): Buffer {
  return bytes(`${version} ${SID} ${Buffer.byteLength(text).toString(16).padStart(8, '0')}`, text)
}

describe('is written', () => {
  const addresses = [
    { host: '127.0.0.1', port: 21857 },
    { host: '::1', port: 21843 },
  ]

  it('with one address', () => {
    const message = initialMessage(3n, [{ host: '127.0.0.1', port: 21843 }], false)
    expect(Buffer.from(message).toString('hex')).toBe('ffffffffffff000000000000000000030000000f3132372e302e302e313a3231383433')
  })

  it('with the first of several unless they are allowed', () => {
    expect(Buffer.from(initialMessage(3n, addresses, false))).toEqual(addressed('127.0.0.1:21857'))
  })

  it('with several', () => {
    expect(Buffer.from(initialMessage(3n, addresses, true))).toEqual(addressed('127.0.0.1:21857|[0:0:0:0:0:0:0:1]:21843', 'ffffffffffff0001'))
  })
})

describe('is read', () => {
  it('as a bare sid of 3.4', () => {
    expect(readInitialMessage(bytes(SID, 'rest'))).toEqual({ sid: 3n, addresses: [], lengthBytes: 8 })
  })

  it.each([V1, 'ffffffffffff0001'])('in the form %s, up to its end', (version) => {
    const message = addressed('zk1.example:3888|[::1]:3889', version)
    expect(readInitialMessage(Buffer.concat([message, Buffer.from('rest')]))).toEqual({
      sid: 3n,
      addresses: [
        { host: 'zk1.example', port: 3888 },
        { host: '::1', port: 3889 },
      ],
      lengthBytes: message.length,
    })
  })

  it('in pieces, wherever they are cut', () => {
    const message = addressed('zk1:3888')
    for (let cut = 0; cut < message.length; cut++) expect(readInitialMessage(message.subarray(0, cut))).toBeUndefined()
    expect(readInitialMessage(message)).toMatchObject({ sid: 3n })
  })

  it('without addresses that mean any', () => {
    expect(readInitialMessage(addressed('0.0.0.0:3888|[::]:3888|[0:0:0:0:0:0:0:0]:1|zk1:3888'))?.addresses).toEqual([{ host: 'zk1', port: 3888 }])
  })

  it('with a sid of any sign', () => {
    expect(readInitialMessage(bytes(`${V1} 7fffffffffffffff 00000003`, 'a:1'))?.sid).toBe(2n ** 63n - 1n)
    expect(readInitialMessage(bytes(`${V1} ffffffffffffffff 00000003`, 'a:1'))?.sid).toBe(-1n)
  })

  it.each([
    ['version -1', bytes('ffffffffffffffff')],
    ['version -65534', bytes('ffffffffffff0002')],
    ['an empty address', bytes(`${V1} ${SID} 00000000`)],
    ['an address of negative length', bytes(`${V1} ${SID} ffffffff`)],
    ['2049 bytes of addresses', bytes(`${V1} ${SID} 00000801`)],
    ['a host alone', addressed('zk1')],
    ['three parts', addressed('zk1:1:2')],
    ['no port', addressed('zk1:')],
    ['a port that is none', addressed('zk1:x')],
    ['a port that is too high', addressed('zk1:65536')],
    ['one bad address behind a good one', addressed('zk1:3888|zk1')],
    ['a bracket that is not closed', addressed('[::1:3888')],
    ['nothing but a separator', addressed('|')],
  ])('not with %s', (_, message) => {
    expect(() => readInitialMessage(message)).toThrow(MalformedFrame)
  })

  it('or refused, whatever comes', () => {
    const tail = fc.uint8Array({ maxLength: 60 })
    fc.assert(
      fc.property(fc.constantFrom('', V1, `${V1}${SID}00000010`), tail, (head, rest) => {
        try {
          readInitialMessage(Buffer.concat([bytes(head), rest]))
        } catch (error) {
          if (!(error instanceof MalformedFrame)) throw error
        }
      }),
    )
  })
})
