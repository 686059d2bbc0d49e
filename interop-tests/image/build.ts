// The image without Docker: the instructions of docker/Dockerfile carried out in temporary directories. What they copy is copied, and the build
// stage is run; the last stage's RUN, which gives the base image users, directories and links, is for a real build alone.
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { projectRoot } from '../peers/cache.ts'
import { mustRun, temporaryDirectory } from '../peers/processes.ts'

const BUILD_LIMIT_MS = 300_000

export interface Instruction {
  readonly word: string
  readonly text: string
}

export const dockerfile = 'docker/Dockerfile'

/** Lines joined, comments gone, ARGs put in. */
export function readInstructions(): Instruction[] {
  const text = readFileSync(join(projectRoot, dockerfile), 'utf8')
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
  const args = new Map([...text.matchAll(/^ARG (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]))
  const filled = text.replace(/\$\{(\w+)\}/g, (whole, name: string) => args.get(name) ?? whole)
  return [...filled.matchAll(/^([A-Z]+) +(.*)$/gm)].map(([, word, rest]) => ({ word: word, text: rest }))
}

/** A directory that holds what the image has below `/`. */
export async function buildImage(): Promise<string> {
  const stages = new Map<string, string>()
  let root = ''
  let workdir = '/'
  for (const { word, text } of readInstructions()) {
    if (word === 'FROM') {
      root = await temporaryDirectory('image')
      // The server runs as another user than the one who builds.
      chmodSync(root, 0o755)
      workdir = '/'
      stages.set(/ AS (\w+)$/.exec(text)?.[1] ?? 'last', root)
    }
    if (word === 'WORKDIR') mkdirSync(join(root, (workdir = text)), { recursive: true })
    if (word === 'COPY') copy(text, root, workdir, stages)
    if (word === 'RUN' && !stages.has('last')) {
      await mustRun('/bin/sh', ['-c', text], { cwd: join(root, workdir), env: { npm_config_prefer_offline: 'true' }, timeoutMs: BUILD_LIMIT_MS })
    }
  }
  return root
}

function copy(text: string, root: string, workdir: string, stages: ReadonlyMap<string, string>): void {
  const words = text.split(/ +/)
  const stage = words[0].startsWith('--from=') ? words.shift()!.slice('--from='.length) : undefined
  const from = stage === undefined ? projectRoot : stages.get(stage)
  const target = words.pop()!
  if (from === undefined) throw new Error(`no stage is called ${stage}`)
  const place = target.startsWith('/') ? join(root, target) : join(root, workdir, target)
  for (const source of words) {
    const path = join(from, source)
    if (!existsSync(path)) throw new Error(`COPY ${source}: there is no such file`)
    cpSync(path, target.endsWith('/') ? join(place, basename(source)) : place, { recursive: true, verbatimSymlinks: true })
  }
}

/** What the build context lets through. */
export function contextAllows(source: string): boolean {
  const lines = readFileSync(join(projectRoot, `${dockerfile}.dockerignore`), 'utf8').split('\n')
  return lines.some((line) => line.startsWith('!') && (source === line.slice(1) || source.startsWith(`${line.slice(1)}/`)))
}
