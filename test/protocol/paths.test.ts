// client-protocol 4.2: which paths are valid.
import { describe, expect, it } from 'vitest'
import { isSpecialPath, nameOf, namespaceOf, parentOf, pathFault } from '../../src/protocol/paths.ts'

const unit = (code: number): string => String.fromCharCode(code)

describe('path rules', () => {
  it.each([
    '/',
    '/a',
    '/a/b',
    '/...',
    '/.a',
    '/a.',
    '/..a',
    '/a..',
    '/a/...',
    '/ ',
    '/a b',
    `/${unit(0xa0)}`,
    `/${unit(0xd7ff)}`,
    `/${unit(0xf900)}`,
    `/${unit(0xffef)}`,
    `/${'x'.repeat(100_000)}`,
  ])('take %j', (path) => expect(pathFault(path)).toBeUndefined())

  it.each([
    null,
    '',
    'a',
    'a/b',
    '//',
    '/a/',
    '/a//b',
    '/.',
    '/..',
    '/./a',
    '/../a',
    '/a/.',
    '/a/..',
    '/a/./b',
    '/a/../b',
    '/a\0',
    '/\u{1f600}',
    ...[0x01, 0x1f, 0x7f, 0x9f, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xf8ff, 0xfff0, 0xfffd, 0xffff].map((code) => `/a${unit(code)}b`),
  ])('refuse %j', (path) => expect(pathFault(path)).toBeTypeOf('string'))
})

describe('path arithmetic', () => {
  it.each([
    ['/a', '', 'a', 'a'],
    ['/a/b', '/a', 'b', 'a'],
    ['/a/b/', '/a/b', '', 'a'],
    ['/', '', '', undefined],
    ['a', '', 'a', undefined],
    ['a/b', 'a', 'b', undefined],
  ])('%j stands under %j', (path, parent, name, namespace) => {
    // Without a slash there is no parent; callers have refused such a path before.
    if (path.includes('/')) expect(parentOf(path)).toBe(parent)
    expect([nameOf(path), namespaceOf(path)]).toEqual([name, namespace])
  })

  it('knows the four special nodes', () => {
    expect(['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config', '', '/zookeeper/', '/zookeeper/x'].map(isSpecialPath)).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ])
  })
})
