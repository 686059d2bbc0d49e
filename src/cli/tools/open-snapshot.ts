/** Opens a snapshot for a tool, or tells why it cannot. */
import { CorruptStorage, StartupRefused } from '../../server/storage/storage-errors.ts'
import type { CommandContext } from '../context.ts'
import { SnapshotTree } from './snapshot-tree.ts'

export function openSnapshot(path: string, context: CommandContext): SnapshotTree | undefined {
  try {
    return new SnapshotTree(path)
  } catch (error) {
    const isOfTheFile = error instanceof CorruptStorage || error instanceof StartupRefused || (error instanceof Error && 'code' in error)
    if (!isOfTheFile) throw error
    context.err(`${path}: ${error.message}\n`)
    return undefined
  }
}
