// Reports that are files of lines.
import { readFileSync } from 'node:fs'

/** Without empty ones; none where there is no such file. */
export function readLines(file) {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
    return []
  }
}
