// The table of docs/embedding.md that has every setting beside its key in zoo.cfg. It is made here from the tables that the loader reads by:
//   npx vitest run --project unit test/embed/settings-page.test.ts --update
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Row } from '../../src/server/config/key-table.ts'
import { defaultSettings, settingKeys } from '../../src/server/config/settings.ts'
import type { Settings } from '../../src/server/config/settings.ts'

const page = join(import.meta.dirname, '..', '..', 'docs', 'embedding.md')

/** The fields that the loader works out of several keys. */
const derivedFrom: Partial<Record<keyof Settings, string>> = {
  fourLetterWords: '`4lw.commands.whitelist`',
  distributed: 'more than one voter among `server.N`, or `standaloneEnabled=false`',
  serverId: 'the file `myid`',
  servers: '`server.N`',
  groups: '`group.N`',
  weights: '`weight.N`',
  configVersion: '`version`, or the suffix of `dynamicConfigFile`',
  authProviders: '`authProvider.<any>`',
  superUsers: '`superUser`, `superUser.<any>`',
  metricsProviderConfiguration: '`metricsProvider.<key>`',
}

/** As in the file; what is read from the command line of a JVM only has its `-D`. */
function keyOf(field: keyof Settings, row: Row<unknown>): string {
  switch (row.kind) {
    case 'derived':
      return derivedFrom[field] ?? `no key is known of ${field}: put it into derivedFrom`
    case 'typed':
      return `\`${row.key}\``
    case 'property': {
      const [first] = row.names
      return first.startsWith('zookeeper.') ? `\`${first.slice('zookeeper.'.length)}\`` : `\`-D${first}\``
    }
  }
}

function shown(value: unknown): string {
  if (value instanceof Set) return `\`new Set(${JSON.stringify([...value]).replaceAll('"', "'")})\``
  if (value instanceof Map) return '`new Map()`'
  if (typeof value === 'bigint') return `\`${value}n\``
  return value === undefined ? '' : `\`${JSON.stringify(value).replaceAll('"', "'")}\``
}

it('has every setting, its key in zoo.cfg and its default', async () => {
  const defaults = defaultSettings()
  const rows = (Object.entries(settingKeys) as [keyof Settings, Row<unknown>][]).map(
    ([field, row]) => `| \`${field}\` | ${keyOf(field, row)} | ${shown(defaults[field])} |`,
  )
  const table = ['| in `Settings` | in zoo.cfg | default |', '|---|---|---|', ...rows].join('\n')
  const text = readFileSync(page, 'utf8')
  const place = /(?<=^## Settings by name\n[^]*?\n\n)\|[^]*?\n(?=\n|$(?![^]))/m
  expect(text).toMatch(place)
  await expect(text.replace(place, () => `${table}\n`)).toMatchFileSnapshot(page)
})
