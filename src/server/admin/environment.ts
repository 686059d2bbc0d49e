/**
 * What the words and gauges tell of the process itself. It comes from outside, because the server knows nothing of the
 * process it runs in; embedded servers and simulations may show the `unknownProcess`.
 */
import { FULL_VERSION } from '../../base/version.ts'
import { NOT_KNOWN } from '../host/process-facts.ts'
import type { ProcessFacts } from '../host/process-facts.ts'

/** The pairs of Environment.list, in its order. */
export function environmentEntries(facts: ProcessFacts): [string, string][] {
  const { free, max, total } = facts.memory()
  const megabytes = (bytes: number): string => `${Math.floor(bytes / 1_048_576)}MB`
  return [
    ['zookeeper.version', FULL_VERSION],
    ['host.name', facts.hostName],
    ['java.version', facts.runtimeVersion],
    ['java.vendor', facts.runtimeVendor],
    ['java.home', facts.runtimeHome],
    ['java.class.path', NOT_KNOWN],
    ['java.library.path', NOT_KNOWN],
    ['java.io.tmpdir', facts.temporaryDirectory],
    ['java.compiler', NOT_KNOWN],
    ['os.name', facts.osName],
    ['os.arch', facts.osArch],
    ['os.version', facts.osVersion],
    ['user.name', facts.userName],
    ['user.home', facts.userHome],
    ['user.dir', facts.workingDirectory],
    ['os.memory.free', megabytes(free)],
    ['os.memory.max', megabytes(max)],
    ['os.memory.total', megabytes(total)],
  ]
}
