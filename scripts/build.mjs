// Builds the package: `node scripts/build.mjs` all of it, with the name of a part only that part. `npm pack` calls this, too, so what is needed to
// build is installed where it is missing.
//   esm   dist/, modules for `import`, and the commands
//   cjs   dist/cjs/, the library once more for `require`, which is what Jest calls
import { existsSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { run } from './lib/run.mjs'

const INSTALL_SECONDS = 300
const BUILD_SECONDS = 600

/** By part: the project of the compiler, and the file that stands for the whole part, written last. */
const parts = {
  esm: { project: 'tsconfig.build.json', mark: 'dist/cli/main.js' },
  cjs: { project: 'tsconfig.cjs.json', mark: 'dist/cjs/package.json' },
}

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(parts)
const unknown = wanted.find((name) => !(name in parts))
if (unknown !== undefined) {
  console.error(`build.mjs: ${unknown} is no part of the package; its parts are ${Object.keys(parts).join(' and ')}`)
  process.exit(2)
}

const compiler = join('node_modules', 'typescript', 'bin', 'tsc')
if (!existsSync(compiler) && !(await install())) process.exit(1)
const built = await Promise.all(wanted.map((name) => build(parts[name])))
process.exitCode = built.every((ok) => ok) ? 0 : 1

async function install() {
  const shell = process.platform === 'win32'
  return (await run(shell ? 'npm.cmd' : 'npm', ['ci', '--no-fund', '--no-audit'], { budgetSeconds: INSTALL_SECONDS, shell })).ok
}

async function build({ project, mark }) {
  // The mark bears the time at which the build began: a source that somebody saves meanwhile is newer.
  const begin = new Date()
  if (!(await run(process.execPath, [compiler, '-p', project], { budgetSeconds: BUILD_SECONDS })).ok) return false
  if (mark.endsWith('package.json')) writeFileSync(mark, '{ "type": "commonjs" }\n')
  utimesSync(mark, begin, begin)
  return true
}
