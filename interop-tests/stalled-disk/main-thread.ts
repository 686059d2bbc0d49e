// Which calls that can wait for a disk a server makes on the thread that serves everybody, out of a trace of its system calls.
import { readFile } from 'node:fs/promises'

/** Every call by which a thread can come to wait for a disk, and those by which connections begin, which tell when a start is over. */
const FILE_CALLS = [
  ...['open', 'openat', 'openat2', 'creat', 'close', 'read', 'readv', 'pread64', 'preadv', 'preadv2', 'write', 'writev', 'pwrite64', 'pwritev', 'pwritev2'],
  ...['fsync', 'fdatasync', 'sync', 'syncfs', 'sync_file_range', 'ftruncate', 'truncate', 'fallocate', 'copy_file_range', 'sendfile'],
  ...['rename', 'renameat', 'renameat2', 'unlink', 'unlinkat', 'rmdir', 'link', 'linkat', 'symlink', 'symlinkat', 'mkdir', 'mkdirat'],
  ...['getdents', 'getdents64', 'stat', 'lstat', 'fstat', 'newfstatat', 'statx', 'statfs', 'fstatfs', 'access', 'faccessat', 'faccessat2'],
  ...['readlink', 'readlinkat', 'chmod', 'fchmod', 'fchmodat', 'chown', 'fchown', 'fchownat', 'utimensat'],
]
const CONNECTION_CALLS = ['accept4', 'connect', 'io_uring_setup']

/**
 * The command with its calls in the file, the paths of files with them and no bytes. The process that is started is the command's own.
 * `injections` are strace's.
 */
export function tracedCalls(command: readonly string[], output: string, injections: readonly string[] = []): string[] {
  const flags = ['-D', '-f', '--seccomp-bpf', '-y', '-s', '0', '-o', output, '-e', `trace=${[...FILE_CALLS, ...CONNECTION_CALLS].join(',')}`]
  return ['strace', ...flags, ...injections.flatMap((one) => ['-e', `inject=${one}`]), ...command]
}

export interface DiskCalls {
  /** Calls on files below the directory, as `fdatasync log.1`, by the thread that serves, after the start; each kind with how often it was seen. */
  readonly main: ReadonlyMap<string, number>
  /** Names of the calls that other threads made on such files after the start, and how many of each. */
  readonly others: ReadonlyMap<string, number>
}

const LINE = /^(\d+) +(\w+)\((.*)$/

/**
 * The start is over with the first connection: data has been read then. What went before is not looked at, for nobody was served.
 */
export async function diskCalls(trace: string, directory: string): Promise<DiskCalls> {
  const main = new Map<string, number>()
  const others = new Map<string, number>()
  let mainThread: string | undefined
  let isStarted = false
  for (const line of (await readFile(trace, 'latin1')).split('\n')) {
    const [, thread, name, rest] = LINE.exec(line) ?? []
    if (thread === undefined || name === undefined || rest === undefined) continue
    // The trace begins with the first thread.
    mainThread ??= thread
    if (name === 'io_uring_setup') throw new Error('calls in a ring are not seen')
    isStarted ||= thread === mainThread && (name === 'accept4' || (name === 'connect' && rest.includes('AF_INET')))
    const path = isStarted ? pathsIn(rest).find((one) => one === directory || one.startsWith(`${directory}/`)) : undefined
    if (path === undefined) continue
    if (thread === mainThread) count(main, `${name} ${path.slice(directory.length).replace(/\.[0-9a-f]+$/, '.N') || '/'}`)
    else count(others, name)
  }
  return { main, others }
}

/** In quotation marks, and in angle brackets behind a descriptor. */
function pathsIn(args: string): string[] {
  return Array.from(args.matchAll(/"([^"]*)"|\d<([^>]*)>/g), ([, quoted, described]) => quoted ?? described)
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
