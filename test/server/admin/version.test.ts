import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { FULL_VERSION, PACKAGE_VERSION } from '../../../src/base/version.ts'

test('the version of the package is that of package.json', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
  expect(PACKAGE_VERSION).toBe(version)
})

test('the version shown has the shape that monitoring tools cut apart', () => {
  expect(`version: ${FULL_VERSION}`).toMatch(/^version: 3\.9\.6-[0-9a-f]{40}, built on \d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC$/)
})
