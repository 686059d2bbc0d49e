/**
 * A look into zoo.cfg for commands that only need a path or a port of it. As the `grep` of zkServer.sh it asks nothing of
 * the file: one that is missing or broken has no lines.
 */
import { readFileSync } from 'node:fs'
import { MalformedProperties, parseProperties } from '../server/config/properties.ts'

export function rawConfig(path: string | undefined): ReadonlyMap<string, string> {
  const text = path === undefined ? undefined : readLatin1(path)
  if (text === undefined) return new Map()
  try {
    return new Map([...parseProperties(text)].map(([key, value]) => [key.trim(), value.trim()]))
  } catch (error) {
    if (error instanceof MalformedProperties) return new Map()
    throw error
  }
}

/** One character per byte; undefined when there is no such file. */
export function readLatin1(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
