// Where the Java server's jars are. They are fetched as the interop suites fetch them: their helpers are TypeScript, so they are compiled first,
// into a directory as deep as their own, for they find the project by it.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const projectRoot = join(import.meta.dirname, '..', '..')
const source = join(projectRoot, 'interop-tests', 'peers')
const target = join(projectRoot, '.cache', 'bench-peers')

let library

/** The directory of the jars; rejects when they cannot be had. */
export function javaLibrary() {
  return (library ??= fetchLibrary())
}

async function fetchLibrary() {
  const { default: ts } = await import('typescript')
  const options = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
  }
  mkdirSync(target, { recursive: true })
  for (const name of readdirSync(source).filter((file) => file.endsWith('.ts'))) {
    const text = readFileSync(join(source, name), 'utf8')
    writeFileSync(join(target, name.replace(/\.ts$/, '.js')), ts.transpileModule(text, { compilerOptions: options, fileName: name }).outputText)
  }
  const { oracleLibrary } = await import(pathToFileURL(join(target, 'java.js')).href)
  const { needProgram } = await import(pathToFileURL(join(target, 'programs.js')).href)
  await needProgram('java', ['openjdk-17-jdk-headless', 'default-jdk-headless'])
  return await oracleLibrary()
}
