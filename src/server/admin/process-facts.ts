/**
 * What the words and gauges tell of the process itself. It comes from outside, because the server knows nothing of the
 * process it runs in; embedded servers and simulations may show the `unknownProcess`.
 */
import { fullVersion } from '../version.ts'

export interface ProcessFacts {
  readonly hostName: string
  /** Version, vendor and directory of the runtime, shown under the names of Java's. */
  readonly runtimeVersion: string
  readonly runtimeVendor: string
  readonly runtimeHome: string
  readonly temporaryDirectory: string
  readonly osName: string
  readonly osArch: string
  readonly osVersion: string
  readonly userName: string
  readonly userHome: string
  readonly workingDirectory: string
  /** Bytes of heap: unused of what is reserved, the limit, and reserved. */
  memory(): { readonly free: number; readonly max: number; readonly total: number }
  /** -1 = not known. */
  openFileDescriptors(): number
  maxFileDescriptors(): number
}

const notKnown = '<NA>'

export const unknownProcess: ProcessFacts = {
  hostName: notKnown,
  runtimeVersion: notKnown,
  runtimeVendor: notKnown,
  runtimeHome: notKnown,
  temporaryDirectory: notKnown,
  osName: notKnown,
  osArch: notKnown,
  osVersion: notKnown,
  userName: notKnown,
  userHome: notKnown,
  workingDirectory: notKnown,
  memory: () => ({ free: 0, max: 0, total: 0 }),
  openFileDescriptors: () => -1,
  maxFileDescriptors: () => -1,
}

/** The pairs of Environment.list, in its order. */
export function environmentEntries(facts: ProcessFacts): [string, string][] {
  const { free, max, total } = facts.memory()
  const megabytes = (bytes: number): string => `${Math.floor(bytes / 1_048_576)}MB`
  return [
    ['zookeeper.version', fullVersion],
    ['host.name', facts.hostName],
    ['java.version', facts.runtimeVersion],
    ['java.vendor', facts.runtimeVendor],
    ['java.home', facts.runtimeHome],
    ['java.class.path', notKnown],
    ['java.library.path', notKnown],
    ['java.io.tmpdir', facts.temporaryDirectory],
    ['java.compiler', notKnown],
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
