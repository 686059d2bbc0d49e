/** What there is to know of the process that a server runs in. The server knows nothing of it: its host tells. */
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

export const NOT_KNOWN = '<NA>'

export const unknownProcess: ProcessFacts = {
  hostName: NOT_KNOWN,
  runtimeVersion: NOT_KNOWN,
  runtimeVendor: NOT_KNOWN,
  runtimeHome: NOT_KNOWN,
  temporaryDirectory: NOT_KNOWN,
  osName: NOT_KNOWN,
  osArch: NOT_KNOWN,
  osVersion: NOT_KNOWN,
  userName: NOT_KNOWN,
  userHome: NOT_KNOWN,
  workingDirectory: NOT_KNOWN,
  memory: () => ({ free: 0, max: 0, total: 0 }),
  openFileDescriptors: () => -1,
  maxFileDescriptors: () => -1,
}
