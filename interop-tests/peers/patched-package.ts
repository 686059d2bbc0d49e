// The built package with some of its text changed: servers made wrong on purpose, to see that a test would notice. A place is named by its text
// and has to be there exactly once, so that a wrong server cannot quietly become a copy of the right one.
import { cp, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { projectRoot } from './cache.ts'
import { temporaryDirectory } from './processes.ts'

export interface Edit {
  /** The file within dist. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** Makes the package and gives the command line that starts its server with a configuration file. */
export async function patchedPackage(name: string, edits: readonly Edit[]): Promise<(configFile: string) => string[]> {
  const directory = await temporaryDirectory('patched')
  await cp(join(projectRoot, 'dist'), join(directory, 'dist'), { recursive: true, dereference: true })
  await cp(join(projectRoot, 'package.json'), join(directory, 'package.json'))
  await symlink(join(projectRoot, 'node_modules'), join(directory, 'node_modules'))
  for (const { file, find, replace } of edits) {
    const place = join(directory, 'dist', file)
    const source = await readFile(place, 'utf8')
    const occurrences = source.split(find).length - 1
    if (occurrences !== 1) throw new Error(`"${name}" finds its place ${occurrences} times in ${file}`)
    await writeFile(
      place,
      source.replace(find, () => replace),
    )
  }
  return (configFile) => [process.execPath, join(directory, 'dist', 'cli', 'main.js'), 'start-foreground', configFile]
}
