/** Files through node:fs for the tools of the command line, which serve nobody and may wait for the disk. The server must not have them (test/tidy.test.ts). */
import fs from 'node:fs'
import path from 'node:path'
import type { BlockingFile, BlockingFiles, OpenMode } from './host.ts'
import { OPEN_FLAGS, statusOf } from './node-disk.ts'

export const blockingNodeFiles: BlockingFiles = {
  list: (directory) => fs.readdirSync(directory).sort(),
  stat(file) {
    const status = fs.statSync(file, { throwIfNoEntry: false })
    return status && statusOf(status)
  },
  canWrite(directory) {
    try {
      fs.accessSync(directory, fs.constants.W_OK)
      return true
    } catch {
      // The error says nothing beyond the answer.
      return false
    }
  },
  makeDirectory(directory) {
    const missing: string[] = []
    for (let level = path.resolve(directory); !fs.existsSync(level); level = path.dirname(level)) missing.push(level)
    for (const level of missing.reverse()) fs.mkdirSync(level)
  },
  open: (file, mode) => openBlocking(file, mode),
  rename: (from, to) => fs.renameSync(from, to),
  remove: (file) => fs.unlinkSync(file),
  syncDirectory(directory) {
    if (process.platform === 'win32') return
    const fd = fs.openSync(directory, 'r')
    fs.fsyncSync(fd)
    fs.closeSync(fd)
  },
}

function openBlocking(file: string, mode: OpenMode): BlockingFile {
  const fd = fs.openSync(file, OPEN_FLAGS[mode])
  return {
    size: () => fs.fstatSync(fd).size,
    read(position, length) {
      const bytes = Buffer.allocUnsafeSlow(length)
      let got = 0
      while (got < length) {
        const count = fs.readSync(fd, bytes, got, length - got, position + got)
        if (count === 0) break
        got += count
      }
      return bytes.subarray(0, got)
    },
    write(position, bytes) {
      for (let written = 0; written < bytes.length;) written += fs.writeSync(fd, bytes, written, bytes.length - written, position + written)
    },
    sync: () => fs.fdatasyncSync(fd),
    truncate: (length) => fs.ftruncateSync(fd, length),
    close: () => fs.closeSync(fd),
  }
}
