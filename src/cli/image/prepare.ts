/** Carries out a plan: directories, configuration, myid, and the user that the server runs as. */
import { existsSync, lchownSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ImagePlan, ImageUser } from './plan.ts'

/** `owner` gets the directories that the server writes to; undefined = they stay with the user of this process. */
export function prepareFiles(plan: ImagePlan, owner: ImageUser | undefined): void {
  for (const directory of plan.directories) mkdirSync(directory, { recursive: true })
  const hasConfig = existsSync(plan.configFile)
  if (!hasConfig || plan.replacesConfig) writeOwned(plan.configFile, plan.config.map((line) => `${line}\n`).join(''), owner)
  if (plan.myid !== undefined && wantsMyid(plan)) writeFileSync(join(plan.dataDir, 'myid'), `${plan.myid}\n`)
  if (owner !== undefined) for (const directory of plan.directories) giveAway(directory, owner)
}

/** From here on this process is that user, for good. */
export function become({ uid, gid }: ImageUser): void {
  process.setgroups!([gid])
  process.setgid!(gid)
  process.setuid!(uid)
}

function wantsMyid({ writesMyid, dataDir }: ImagePlan): boolean {
  switch (writesMyid) {
    case 'always':
      return true
    case 'when there is none':
      return !existsSync(join(dataDir, 'myid'))
    case 'into an empty directory':
      // A freshly formatted volume, and some storage systems, contain these directories without any data.
      return readdirSync(dataDir).every((name) => name === 'lost+found' || name === '.snapshot')
  }
}

function writeOwned(file: string, text: string, owner: ImageUser | undefined): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  if (owner !== undefined) lchownSync(file, owner.uid, owner.gid)
}

/** Changes only files of other users: volumes may be large or slow. */
function giveAway(path: string, owner: ImageUser): void {
  const stat = lstatSync(path)
  if (stat.uid !== owner.uid) lchownSync(path, owner.uid, owner.gid)
  if (stat.isDirectory()) for (const name of readdirSync(path)) giveAway(join(path, name), owner)
}
