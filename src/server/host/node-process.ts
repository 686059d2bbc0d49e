/** The facts about this process that the admin words show. */
import { readdirSync, readFileSync } from 'node:fs'
import { arch, type as osType, homedir, hostname, release, tmpdir, userInfo } from 'node:os'
import { dirname } from 'node:path'
import { getHeapStatistics } from 'node:v8'
import type { ProcessFacts } from './process-facts.ts'

export function nodeProcessFacts(): ProcessFacts {
  return {
    hostName: hostname(),
    runtimeVersion: process.versions.node,
    runtimeVendor: 'Node.js',
    runtimeHome: dirname(process.execPath),
    temporaryDirectory: tmpdir(),
    osName: osType(),
    osArch: arch() === 'x64' ? 'amd64' : arch(),
    osVersion: release(),
    userName: userName(),
    userHome: homedir(),
    workingDirectory: process.cwd(),
    memory: heapMemory,
    openFileDescriptors,
    maxFileDescriptors,
  }
}

/** In a container the user may have no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return '<NA>'
  }
}

function heapMemory(): { free: number; max: number; total: number } {
  const heap = getHeapStatistics()
  return { free: heap.total_heap_size - heap.used_heap_size, max: heap.heap_size_limit, total: heap.total_heap_size }
}

/** Only Linux tells. */
function openFileDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return -1
  }
}

function maxFileDescriptors(): number {
  try {
    const match = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))
    return match === null ? -1 : Number(match[1])
  } catch {
    return -1
  }
}
