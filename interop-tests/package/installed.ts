// The package as a user gets it: packed, and installed into an empty folder.
import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { projectRoot } from '../peers/cache.ts'
import { mustRun, temporaryDirectory } from '../peers/processes.ts'
import type { Result } from '../peers/processes.ts'

export const INSTALL_LIMIT_MS = 180_000

export interface InstalledPackage {
  readonly directory: string
  readonly version: string
  /** The file that `npm publish` would send. */
  readonly tarball: string
  /** What it holds. */
  readonly packed: readonly string[]
}

export function npm(cwd: string, args: string[]): Promise<Result> {
  return mustRun('npm', args, { cwd, timeoutMs: INSTALL_LIMIT_MS })
}

export async function installPackage(): Promise<InstalledPackage> {
  const tarballs = await temporaryDirectory('packed')
  // What "make build" has left is packed as it is: building it again here would take it away from under other tests.
  for (const part of ['dist/cli/main.js', 'dist/cjs/package.json'])
    if (!existsSync(join(projectRoot, part))) throw new Error(`${part} is not there: make build`)
  const pack = await npm(projectRoot, ['pack', '--ignore-scripts', '--json', '--pack-destination', tarballs])
  const [summary] = JSON.parse(pack.stdout) as [{ filename: string; version: string; files: { path: string }[] }]
  const directory = await emptyProject('installed')
  const tarball = join(tarballs, summary.filename)
  await npm(directory, ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball])
  return { directory, version: summary.version, tarball, packed: summary.files.map(({ path }) => path) }
}

/** A folder that npm takes as its place, whatever somebody has left in the folders above it. */
export async function emptyProject(name: string): Promise<string> {
  const directory = await temporaryDirectory(name)
  await writeFile(join(directory, 'package.json'), '{ "private": true }\n')
  return directory
}

/** The sources of this project without what is built from them, and with the packages that are installed here. */
export async function copyOfCheckout(): Promise<string> {
  const directory = await temporaryDirectory('checkout')
  const isLeftOut = (path: string): boolean => /^(?:node_modules|dist|data|coverage|\.git|\.cache)(?:\/|$)|\.tgz$/.test(path)
  const filter = (path: string): boolean => !isLeftOut(relative(projectRoot, path))
  for (const name of (await readdir(projectRoot)).filter((each) => !isLeftOut(each))) {
    await cp(join(projectRoot, name), join(directory, name), { recursive: true, preserveTimestamps: true, filter })
  }
  await symlink(join(projectRoot, 'node_modules'), join(directory, 'node_modules'))
  return directory
}

/** Packages of this project, as if they had been installed beside ours. */
export async function lend(directory: string, ...names: string[]): Promise<void> {
  for (const name of names) {
    const place = join(directory, 'node_modules', name)
    await mkdir(dirname(place), { recursive: true })
    await symlink(join(projectRoot, 'node_modules', name), place)
  }
}

const compiler = join(projectRoot, 'node_modules', 'typescript', 'bin', 'tsc')
const STRICT = ['--strict', '--target', 'es2023', '--module', 'nodenext', '--rewriteRelativeImportExtensions', '--noUncheckedIndexedAccess']

/** Compiles the program in `source` and what it imports to `compiled`, as a strict user would, declarations of packages included. */
export async function compile(directory: string, files: readonly string[], options: readonly string[] = []): Promise<void> {
  const args = [compiler, ...STRICT, ...options, '--rootDir', 'source', '--outDir', 'compiled', ...files.map((file) => join('source', file))]
  for (const place of ['source', 'compiled']) {
    await mkdir(join(directory, place), { recursive: true })
    await writeFile(join(directory, place, 'package.json'), '{ "type": "module" }')
  }
  await mustRun(process.execPath, args, { cwd: directory, timeoutMs: INSTALL_LIMIT_MS })
}
