// Preloaded with --import: a server made wrong on purpose, which waits for the disk on the thread that serves everybody. Each call of node:fs that
// completes by callback is made at once, and its callback called in the next turn.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

for (const name of ['open', 'close', 'read', 'write', 'writev', 'fsync', 'fdatasync', 'ftruncate', 'rename', 'unlink', 'readdir', 'stat', 'fstat', 'access']) {
  const now = fs[`${name}Sync`]
  fs[name] = (...args) => {
    const done = args.pop()
    let error = null
    let value
    try {
      value = now(...args)
    } catch (failure) {
      error = failure
    }
    setImmediate(done, error, value)
  }
}
syncBuiltinESMExports()
