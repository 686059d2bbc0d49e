/** A container's own environment read as an image's, for its entry point and for what is executed in it later. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { processContext } from '../process-context.ts'
import { runCommand } from '../run-command.ts'
import { planImage } from './choose.ts'
import { ImageRefused } from './plan.ts'
import type { ImagePlan, ImageUser } from './plan.ts'

export function say(line: string): void {
  process.stderr.write(`tskeeper image: ${line}\n`)
}

/** undefined = the entry point refuses the environment, and has printed the reason. */
export function readPlan(): ImagePlan | undefined {
  try {
    return planImage(process.env, { root: process.env['TSKEEPER_ROOT'] ?? '', readText })
  } catch (error) {
    if (!(error instanceof ImageRefused)) throw error
    say(error.message)
    return undefined
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

/**
 * The user that the server runs as; undefined = the user that started it. TSKEEPER_RUN_AS=uid:gid replaces the image's own
 * user: where containers have users of their own, 0:0 leaves the files on a mounted directory to the user outside.
 */
export function serverUser(plan: ImagePlan): ImageUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  const chosen = process.env['TSKEEPER_RUN_AS']
  if (!chosen) return plan.user
  const match = /^(\d+)(?::(\d+))?$/.exec(chosen)
  if (match === null) throw new ImageRefused(`TSKEEPER_RUN_AS=${chosen}: not of the form uid:gid`)
  const [uid, gid] = [Number(match[1]), Number(match[2] ?? match[1])]
  return uid === 0 ? undefined : { uid, gid }
}

/** A verb of zkServer.sh, with the configuration that the entry point has written. */
export async function zkServer(args: readonly string[], plan: ImagePlan): Promise<number> {
  const main = fileURLToPath(new URL('../main.js', import.meta.url))
  return runCommand(args, processContext({ ...process.env, ...plan.serverEnv }, main, 'zkServer.sh'))
}
