// Jest, and ts-jest for tests in TypeScript: what most projects on Node.js have their tests run by.
import { existsSync } from 'node:fs'
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cachedDirectory } from './cache.ts'
import { fetching } from './programs.ts'
import { mustRun } from './processes.ts'

export const jestVersion = '30.5.2'
const tsJestVersion = '29.4.15'
const compilerVersion = '5.9'

const FETCH_LIMIT_MS = 300_000

/** A folder with both installed in its `node_modules`. */
export function jestFolder(): Promise<string> {
  return cachedDirectory(`jest-${jestVersion}`, async (scratch) => {
    await writeFile(join(scratch, 'package.json'), '{ "private": true }\n')
    const install = [
      'install',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      `jest@${jestVersion}`,
      `ts-jest@${tsJestVersion}`,
      `typescript@${compilerVersion}`,
    ]
    await fetching('Jest', () => mustRun('npm', install, { cwd: scratch, timeoutMs: FETCH_LIMIT_MS }))
  })
}

/** Its packages, beside those that the folder has: Jest looks for a preset where its configuration is. */
export async function lendJest(jest: string, directory: string): Promise<void> {
  const [from, to] = [jest, directory].map((place) => join(place, 'node_modules')) as [string, string]
  for (const name of await packagesIn(from)) {
    await mkdir(dirname(join(to, name)), { recursive: true })
    if (!existsSync(join(to, name))) await symlink(join(from, name), join(to, name))
  }
}

async function packagesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder)
  const scoped = names.filter((name) => name.startsWith('@')).map(async (scope) => (await readdir(join(folder, scope))).map((name) => join(scope, name)))
  return [...names.filter((name) => !/^[@.]/.test(name)), ...(await Promise.all(scoped)).flat()]
}
