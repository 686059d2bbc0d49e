/** The program as JavaScript, for tests that need a process of it: the compiler's output without its type check. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('../../', import.meta.url))

export interface Compiled {
  /** The script of the command `tskeeper`. */
  readonly main: string
  remove(): void
}

/** Into a directory below the project, where its packages are found. */
export function compileSources(): Compiled {
  mkdirSync(join(root, '.cache'), { recursive: true })
  const directory = mkdtempSync(join(root, '.cache/cli-test-'))
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, rewriteRelativeImportExtensions: true, verbatimModuleSyntax: true }
  for (const name of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })) {
    // The build takes plain CommonJS as it is.
    if (name.endsWith('.cjs')) cpSync(join(root, 'src', name), join(directory, name))
    if (!name.endsWith('.ts')) continue
    const target = join(directory, name.replace(/\.ts$/, '.js'))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, ts.transpileModule(readFileSync(join(root, 'src', name), 'utf8'), { compilerOptions, fileName: join(root, 'src', name) }).outputText)
  }
  return { main: join(directory, 'cli/main.js'), remove: () => rmSync(directory, { recursive: true }) }
}
