// Notifications as bytes: quorum-protocol 3.2, all forms, and the trace of 14.3.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JuteReader } from '../../../src/jute/reader.ts'
import { MalformedFrame } from '../../../src/jute/malformed-frame.ts'
import { notificationFrame, readNotification } from '../../../src/quorum/wire/notification.ts'
import type { Notification, ServerState } from '../../../src/quorum/zab/vote.ts'

/** Blanks are for the eye; what stands in quotes are characters. */
function bytes(text: string): Buffer {
  const hex = text.replace(/"([^"]*)"/g, (_, characters: string) => Buffer.from(characters).toString('hex'))
  return Buffer.from(hex.replace(/\s/g, ''), 'hex')
}

function read(payload: Uint8Array): Notification {
  const reader = new JuteReader()
  reader.reset(payload)
  return readNotification(reader)
}

const HEAD = '00000001 0000000000000003 0000000200000005 0000000000000007'

describe('a notification', () => {
  it('is written as Java writes it', () => {
    const lines = [1, 2, 3].map((sid) => `server.${sid}=127.0.0.1:2183${sid}:2184${sid}:participant\n`)
    const configText = `${lines.join('')}version=0`
    const frame = notificationFrame({ state: 'looking', leader: 3n, zxid: 0n, electionEpoch: 1n, peerEpoch: 0n, version: 2, configText })
    const expected = `00000000 0000000000000003 0000000000000000 0000000000000001 0000000000000000 00000002 0000008a`
    expect(Buffer.from(frame).toString('hex')).toBe(bytes(`000000b6 ${expected} "${configText}"`).toString('hex'))
  })

  it('is read back', () => {
    const number = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    const any = fc.record({
      state: fc.constantFrom<ServerState[]>('looking', 'following', 'leading', 'observing'),
      leader: number,
      zxid: number,
      electionEpoch: number,
      peerEpoch: number,
      version: fc.constant(2),
      configText: fc.string({ unit: 'grapheme' }),
    })
    fc.assert(fc.property(any, (notification) => void expect(read(notificationFrame(notification).subarray(4))).toEqual(notification)))
  })
})

describe('the forms of older servers', () => {
  const common = { state: 'following', leader: 3n, zxid: 0x2_0000_0005n, electionEpoch: 7n }

  it.each([
    ['28 bytes of 3.3: the epoch is that of the zxid', HEAD, { peerEpoch: 2n, version: 0, configText: undefined }],
    ['40 bytes of 3.4.6: the version is not looked at', `${HEAD} 0000000000000009 00000001`, { peerEpoch: 9n, version: 0, configText: undefined }],
    ['any other length with version 1', `${HEAD} 0000000000000009 00000001 00`, { peerEpoch: 9n, version: 1, configText: undefined }],
    ['version 2 with a configuration', `${HEAD} 0000000000000009 00000002 00000003 "abc"`, { peerEpoch: 9n, version: 2, configText: 'abc' }],
    ['version 2 with an empty one', `${HEAD} 0000000000000009 00000002 00000000`, { peerEpoch: 9n, version: 2, configText: '' }],
    ['a later version', `${HEAD} 0000000000000009 00000007 00000001 "a" ffff`, { peerEpoch: 9n, version: 7, configText: 'a' }],
    ['28 bytes and a zxid below zero', HEAD.replace('00000002', 'fffffffe'), { zxid: BigInt.asIntN(64, 0xffff_fffe_0000_0005n), peerEpoch: -2n, version: 0 }],
  ])('%s', (_, payload, expected) => {
    expect(read(bytes(payload))).toMatchObject({ ...common, ...expected })
  })

  it.each([
    ['nothing', ''],
    ['27 bytes', HEAD.slice(0, -2)],
    ['29 bytes', `${HEAD} 00`],
    ['36 bytes of 3.4.0', `${HEAD} 0000000000000009`],
    ['39 bytes', `${HEAD} 0000000000000009 000001`],
    ['a negative configuration', `${HEAD} 0000000000000009 00000002 ffffffff`],
    ['a configuration that is longer than the message', `${HEAD} 0000000000000009 00000002 00000004 "abc"`],
    ['an absurd configuration', `${HEAD} 0000000000000009 00000002 7fffffff "abc"`],
    ['half a length', `${HEAD} 0000000000000009 00000002 0000`],
    ['state 4', HEAD.replace('00000001', '00000004')],
    ['state -1', HEAD.replace('00000001', 'ffffffff')],
  ])('leave out %s', (_, payload) => {
    expect(() => read(bytes(payload))).toThrow(MalformedFrame)
  })

  it('are the only ones that anything is made of', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (payload) => {
        try {
          expect(read(payload).state).toBeTypeOf('string')
        } catch (error) {
          if (!(error instanceof MalformedFrame)) throw error
        }
      }),
    )
  })
})
