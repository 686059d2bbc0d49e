// A file system of a few megabytes that a test can fill: a tmpfs in a mount namespace of its own. A program holds the namespace open; the servers
// run inside, the test reaches the files through the holder, and when all of them have gone nothing is left to unmount.
import { statfsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually, hasProgram, mustRun, runProgram, startProgram, temporaryDirectory } from './processes.ts'
import { PeerUnavailable } from './programs.ts'

const MOUNT_LIMIT_MS = 60_000

export const smallDisk = {
  version: 'tmpfs',
  async prepare(): Promise<string> {
    for (const name of ['unshare', 'nsenter', 'mount']) if (!(await hasProgram(name))) throw new PeerUnavailable(`${name} is not installed`)
    const trial = await runProgram('unshare', ['-m', 'mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', await temporaryDirectory('mount')])
    if (trial.code !== 0) throw new PeerUnavailable(`a tmpfs cannot be mounted here: ${trial.stderr.trim()}`)
    return 'tmpfs'
  },
}

export interface SmallDiskOptions {
  readonly sizeKb: number
  /** How many files and directories there can be. */
  readonly files?: number
}

export class SmallDisk {
  /** Where it is for programs inside. */
  readonly path: string
  /** The same for everybody else. */
  readonly outside: string
  readonly #holder: number
  readonly release: () => Promise<void>

  private constructor(path: string, holder: number, release: () => Promise<void>) {
    this.path = path
    this.outside = `/proc/${holder}/root${path}`
    this.#holder = holder
    this.release = release
  }

  static async mount({ sizeKb, files }: SmallDiskOptions): Promise<SmallDisk> {
    const path = await temporaryDirectory('small-disk')
    const options = [`size=${sizeKb}k`, ...(files === undefined ? [] : [`nr_inodes=${files}`])].join(',')
    // The input never comes and ends with the test process.
    const script = `mount -t tmpfs -o ${options} tmpfs '${path}' && echo mounted && read -r _`
    const holder = startProgram('unshare', ['-m', '/bin/sh', '-c', script])
    await eventually('a tmpfs is mounted', MOUNT_LIMIT_MS, () => {
      if (holder.hasEnded()) throw new Error(`no tmpfs: ${holder.output()}`)
      return holder.output().includes('mounted') ? true : undefined
    })
    return new SmallDisk(path, holder.pid, async () => void (await holder.kill()))
  }

  /** The command, run where the disk is. The process that is started is the command's own. */
  inside(command: readonly string[]): string[] {
    return ['nsenter', '-t', String(this.#holder), '-m', ...command]
  }

  freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.outside)
    return bavail * bsize
  }

  /** Takes room away until that much is left. */
  async fill(leaveBytes: number): Promise<void> {
    const filler = join(this.outside, 'filler')
    await mkdir(filler, { recursive: true })
    const excess = this.freeBytes() - leaveBytes
    if (excess > 0) await writeFile(join(filler, `${Date.now()}`), Buffer.alloc(excess, 1))
  }

  /** Changes how many files there can be. */
  async allowFiles(files: number): Promise<void> {
    const [program, ...args] = this.inside(['mount', '-o', `remount,nr_inodes=${files}`, this.path])
    await mustRun(program, args)
  }

  /** Gives back what `fill` took. */
  async makeRoom(): Promise<void> {
    await rm(join(this.outside, 'filler'), { recursive: true, force: true })
  }
}
