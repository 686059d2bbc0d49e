// The settings of TypeScript that docs/embedding.md calls working work, and the others do not: a program that uses each door of the package is compiled
// with them, declarations of packages included, and run.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { projectRoot } from '../peers/cache.ts'
import { mustRun, runProgram } from '../peers/processes.ts'
import type { Result } from '../peers/processes.ts'
import { INSTALL_LIMIT_MS, installPackage, lend } from './installed.ts'

const RUN_LIMIT_MS = 120_000

const program = `
import { ConfigRefused, ZooKeeperServer } from 'tskeeper'
import type { SessionId, Settings } from 'tskeeper'
import { startTestEnsemble, startTestServer } from 'tskeeper/testing'
import type { TestServer } from 'tskeeper/testing'
import { serverFor } from 'tskeeper/testing/node-test'

async function main(): Promise<void> {
  const settings: Partial<Settings> = { tickTime: 100 }
  const server: TestServer = await startTestServer({ settings })
  const id: SessionId = '0x5'
  const wasThere: boolean = await server.expireSession(id)
  await server.close()
  const ensemble = await startTestEnsemble(1)
  await ensemble.close()
  console.log(wasThere, typeof ZooKeeperServer, typeof ConfigRefused, typeof serverFor)
}
void main()
`

type Kind = 'module' | 'commonjs'
const both: Kind[] = ['module', 'commonjs']

/**
 * The options, and the types of package that they work in. The declarations of the package themselves are checked where `--skipLibCheck` is not said:
 * with `import` in embedding.test.ts, with `require` here.
 */
const working: [options: string, kinds: Kind[]][] = [
  ['--module nodenext --skipLibCheck', both],
  ['--module node16 --skipLibCheck', both],
  ['--module node20 --skipLibCheck', both],
  ['--module nodenext --target es2015', ['commonjs']],
  ['--module esnext --moduleResolution bundler --target es2022 --skipLibCheck', ['module']],
  ['--module preserve --target es2022 --skipLibCheck', ['module']],
  ['--module commonjs --target es2022 --esModuleInterop', ['commonjs']],
  ['--module commonjs --target es2022 --skipLibCheck', ['commonjs']],
  ['--module commonjs --moduleResolution node10 --target es2022 --esModuleInterop --skipLibCheck', ['commonjs']],
]

const failing: [options: string, error: string][] = [
  ['--module esnext --target es2022 --skipLibCheck', 'Cannot find module'],
  ['--module esnext --moduleResolution classic --target es2022 --skipLibCheck', 'Cannot find module'],
  ['--module commonjs --target es2022', 'esModuleInterop'],
  ['--module commonjs --target es5 --esModuleInterop', 'only available when targeting ECMAScript 2015 and higher'],
]

const compiler = join(projectRoot, 'node_modules', 'typescript', 'bin', 'tsc')
let directory: string

beforeAll(async () => {
  ;({ directory } = await installPackage())
  await lend(directory, '@types/node', 'undici-types')
  for (const kind of both) {
    await mkdir(join(directory, kind, 'compiled'), { recursive: true })
    for (const place of [kind, join(kind, 'compiled')]) await writeFile(join(directory, place, 'package.json'), `{ "type": "${kind}" }`)
    await writeFile(join(directory, kind, 'main.ts'), program)
  }
}, INSTALL_LIMIT_MS)

function compile(kind: Kind, options: string): Promise<Result> {
  const args = [compiler, '--strict', '--types', 'node', '--outDir', join(kind, 'compiled'), ...options.split(' '), join(kind, 'main.ts')]
  return runProgram(process.execPath, args, { cwd: directory, timeoutMs: RUN_LIMIT_MS })
}

describe('a program that imports the package', () => {
  it.each(working.flatMap(([options, kinds]) => kinds.map((kind) => [options, kind] as const)))(
    'compiles with %s in a package of type %s, and runs',
    async (options, kind) => {
      expect(await compile(kind, options)).toMatchObject({ stdout: '', code: 0 })
      const { stdout } = await mustRun(process.execPath, [join(kind, 'compiled', 'main.js')], { cwd: directory, timeoutMs: RUN_LIMIT_MS })
      expect(stdout).toBe('false function function function\n')
    },
  )

  it.each(failing)('does not compile with %s', async (options, error) => {
    const { code, stdout } = await compile('commonjs', options)
    expect(code).not.toBe(0)
    expect(stdout).toContain(error)
  })
})
