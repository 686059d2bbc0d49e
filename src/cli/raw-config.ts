/**
 * Reads zoo.cfg for commands that only need a path or a port of it. As the `grep` of zkServer.sh it checks nothing: a
 * missing or broken file has no lines.
 */
import { readLatin1 } from '../embed/settings-file.ts'
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
