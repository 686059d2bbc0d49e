// strace, which shows a server's system calls as they happen and can make any of them fail. It comes with the system's packages.
import { mustRun, runProgram } from './processes.ts'
import { needProgram, PeerUnavailable } from './programs.ts'

/** Everything by which bytes and names get to a disk or a socket, and what would go past these calls (`io_uring_setup`). */
const CALLS = [
  ...['open', 'openat', 'creat', 'close', 'read', 'readv', 'recvfrom', 'recvmsg', 'write', 'writev', 'pwrite64', 'pwritev', 'pwritev2', 'sendto', 'sendmsg'],
  ...['fsync', 'fdatasync', 'sync', 'syncfs', 'sync_file_range', 'ftruncate', 'truncate', 'fallocate', 'mkdir', 'mkdirat', 'io_uring_setup'],
  ...['rename', 'renameat', 'renameat2', 'unlink', 'unlinkat', 'link', 'linkat'],
]

/** Longer than any buffer that a test writes: what is cut off cannot be looked at. */
const WHOLE_BUFFERS = '8388608'

let version = 'of the distribution'

export const strace = {
  get version(): string {
    return version
  },
  async prepare(): Promise<string> {
    await needProgram('strace', ['strace'])
    // Tracing may be forbidden to this user or in this container.
    const trial = await runProgram('strace', ['-f', '--seccomp-bpf', '-e', 'trace=close', '-o', '/dev/null', 'true'])
    if (trial.code !== 0) throw new PeerUnavailable(`strace may not trace here: ${trial.stderr.trim()}`)
    version = /version (\S+)/.exec((await mustRun('strace', ['-V'])).stdout)?.[1] ?? version
    return 'strace'
  },
}

/** A call that is to fail or to take its time, in strace's words: `fdatasync:error=EIO:when=3`. `when` counts the calls of each thread. */
export type Injection = string

const flags = (output: string, injections: readonly Injection[]): string[] => [
  ...['-f', '-ttt', '-y', '-xx', '-s', WHOLE_BUFFERS, '-o', output, '-e', `trace=${CALLS.join(',')}`],
  ...injections.flatMap((one) => ['-e', `inject=${one}`]),
]

/**
 * The command under strace, with its calls in the file: one line for each, bytes in hexadecimal, files and sockets named. The process that is
 * started is the command's own: signals and the exit code are the command's.
 */
export function straced(command: readonly string[], output: string, injections: readonly Injection[] = []): string[] {
  return ['strace', '-D', '--seccomp-bpf', ...flags(output, injections), ...command]
}

/** The command that traces a process which is running already, until that ends. */
export function straceOf(pid: number, output: string, injections: readonly Injection[] = []): string[] {
  return ['strace', '-p', String(pid), ...flags(output, injections)]
}

/** What `straceOf` says when it sees every thread. */
export const ATTACHED = / attached/
