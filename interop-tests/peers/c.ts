// The C client as the system's package manager has it, with our programs in interop-tests/c compiled against it.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from './cache.ts'
import { installPackages, needProgram, PeerUnavailable } from './programs.ts'
import { mustRun, temporaryDirectory } from './processes.ts'

const headers = '/usr/include/zookeeper'
const header = join(headers, 'zookeeper.h')

/** Our C program, linked with the client library for threads. The version is that of the distribution's package. */
export const cClientLibrary = {
  get version(): string {
    const file = join(headers, 'zookeeper_version.h')
    return (existsSync(file) && /ZOO_VERSION "(.*)"/.exec(readFileSync(file, 'utf8'))?.[1]) || 'of the distribution'
  },
  async prepare(): Promise<string> {
    await needProgram('gcc', ['gcc'])
    if (!existsSync(header)) await installPackages(['libzookeeper-mt-dev'])
    if (!existsSync(header)) throw new PeerUnavailable('the C client library (libzookeeper-mt-dev) is not installed')
    const program = join(await temporaryDirectory('c'), 'client')
    const source = join(projectRoot, 'interop-tests', 'c', 'client.c')
    await mustRun('gcc', ['-Wall', '-Werror', '-DTHREADED', '-o', program, source, '-lzookeeper_mt', '-lpthread'])
    return program
  },
}
