/** `txnlog`: prints a log, mends its checksums or chops it, as zkTxnLogToolkit.sh (TxnLogToolkit, LogChopper). */
import { accessSync, closeSync, constants, existsSync, ftruncateSync, openSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { JuteWriter } from '../../jute/writer.ts'
import { MalformedFrame } from '../../jute/malformed-frame.ts'
import type { BlockingFile } from '../../server/host/host.ts'
import { blockingNodeFiles } from '../../server/host/blocking-node-files.ts'
import { ENTRY_TRAILER, FILE_HEADER_SIZE, LOG_MAGIC, paddedSize, payloadZxid, readFileHeader } from '../../server/storage/txn-log-format.ts'
import type { CommandContext, Target } from '../context.ts'
import { hexOf } from './java-text.ts'
import { rawEntries } from './log-entries.ts'
import type { RawEntry } from './log-entries.ts'
import { txnLine } from './txn-text.ts'

const PRE_ALLOC_SIZE = 65536 << 10

const options = {
  help: { type: 'boolean', short: 'h' },
  dump: { type: 'boolean', short: 'd' },
  recover: { type: 'boolean', short: 'r' },
  verbose: { type: 'boolean', short: 'v' },
  yes: { type: 'boolean', short: 'y' },
  chop: { type: 'boolean', short: 'c' },
  zxid: { type: 'string', short: 'z' },
} as const

const USAGE = `usage: tskeeper txnlog [-dhrvyc] <log file> (-z <zxid>)
 -d,--dump         print every entry; this is what is done without any option
 -h,--help         show this
 -r,--recover      write a copy to <log file>.fixed, asking about each wrong checksum
 -v,--verbose      with -r: print all entries, not only those with a wrong checksum
 -y,--yes          with -r: mend without asking
 -c,--chop         with -z: write a copy that ends with the zxid to <log file>.chopped<zxid>
 -z,--zxid <arg>   the last zxid kept by -c: decimal, 0x… or octal
`

/** What ends the tool: the sentence and the exit code. */
class ToolEnd extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode: number) {
    super(message)
    this.name = 'ToolEnd'
    this.exitCode = exitCode
  }
}

type Flags = ReturnType<typeof parse>['values']

export function txnLogTool(args: readonly string[], _target: Target, context: CommandContext): number {
  try {
    const { values, positionals } = parse(args)
    const [name] = positionals
    if (values.help || name === undefined) {
      context.out(USAGE)
      return values.help ? 0 : 1
    }
    if (!isReadable(resolve(context.cwd, name))) throw new ToolEnd(`File doesn't exist or not readable: ${name}`, 1)
    const zxid = values.chop && values.zxid !== undefined ? decodeLong(values.zxid) : -1n
    if (zxid < 0n) dump(name, values, context)
    else chop(name, zxid, context)
    return 0
  } catch (error) {
    if (!(error instanceof ToolEnd || error instanceof MalformedFrame)) throw error
    context.err(`${error.message}\n`)
    return error instanceof ToolEnd ? error.exitCode : 1
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new ToolEnd(`${(error as Error).message}\n\n${USAGE}`, 1)
  }
}

function dump(name: string, flags: Flags, context: CommandContext): void {
  const file = blockingNodeFiles.open(resolve(context.cwd, name), 'read')
  let copy: LogCopy | undefined
  try {
    const fixedName = `${name}.fixed`
    if (flags.recover && existsSync(resolve(context.cwd, fixedName))) {
      throw new ToolEnd(`Recovery file ${fixedName} already exists or not writable`, 1)
    }
    const header = headerOf(file)
    if (header === undefined) throw new ToolEnd(`Invalid magic number for ${basename(name)}`, 2)
    context.out(header.line)
    if (flags.recover) copy = new LogCopy(resolve(context.cwd, fixedName), header.bytes, PRE_ALLOC_SIZE)
    const fixed = copyEntries(file, flags, copy, context)
    if (flags.recover) context.out(`Recovery file ${fixedName} has been written with ${fixed} fixed CRC error(s)\n`)
  } finally {
    file.close()
    copy?.close()
  }
}

/** How many checksums were mended. */
function copyEntries(file: BlockingFile, flags: Flags, copy: LogCopy | undefined, context: CommandContext): number {
  let [count, fixed] = [0, 0]
  for (const entry of rawEntries(file)) {
    let { checksum } = entry
    if (checksum !== entry.rightChecksum && mends(entry, flags, copy !== undefined, context)) {
      checksum = entry.rightChecksum
      fixed++
    }
    if (copy === undefined || flags.verbose) context.out(txnLine(entry.payload))
    if (!entry.hasTrailer) throw new ToolEnd('Last transaction was partial.', 1)
    copy?.append(checksum, entry.payload)
    count++
  }
  context.out(`EOF reached after ${count} txns.\n`)
  return fixed
}

/** Prints the entry as wrong, and whether it shall be mended. */
function mends({ payload }: RawEntry, flags: Flags, isRecovering: boolean, context: CommandContext): boolean {
  const isForced = isRecovering && flags.yes === true
  context.out(`CRC ${isForced ? 'FIXED' : 'ERROR'} - ${txnLine(payload)}`)
  return isForced || (isRecovering && asksToMend(context))
}

function asksToMend(context: CommandContext): boolean {
  for (;;) {
    context.out('Would you like to fix it (Yes/No/Abort) ? ')
    const answer = context.readLine?.()
    if (answer === undefined) throw new ToolEnd('Recovery aborted.', 1)
    switch (answer.trim().charAt(0).toUpperCase()) {
      case 'Y':
        return true
      case 'N':
        return false
      case 'A':
        throw new ToolEnd('Recovery aborted.', 0)
    }
  }
}

/** Whatever goes wrong is told on standard output, and the end is a good one: as in Java. */
function chop(name: string, zxid: bigint, context: CommandContext): void {
  const path = resolve(context.cwd, name)
  const file = blockingNodeFiles.open(path, 'read')
  let copy: LogCopy | undefined
  try {
    const header = headerOf(file)
    if (header === undefined) context.err('Invalid magic number in txn log file\n')
    else {
      context.out(header.line)
      copy = new LogCopy(join(dirname(path), `${basename(path)}.chopped${zxid}`), header.bytes, 0)
    }
    if (copy === undefined || !copyUpTo(file, zxid, copy, context)) context.out(`Got exception: Failed to chop ${basename(name)}\n`)
  } catch (error) {
    if (!(error instanceof ToolEnd || error instanceof MalformedFrame)) throw error
    context.out(`Got exception: ${error.message}\n`)
  } finally {
    file.close()
    copy?.close()
  }
}

function copyUpTo(file: BlockingFile, zxid: bigint, copy: LogCopy, context: CommandContext): boolean {
  let count = 0
  let previous = -1n
  let hasZxid = false
  for (const { payload, checksum, rightChecksum, hasTrailer } of rawEntries(file)) {
    if (checksum !== rightChecksum) throw new ToolEnd(`CRC doesn't match ${checksum} vs ${rightChecksum}`, 1)
    if (!hasTrailer) {
      context.out('Last transaction was partial.\n')
      throw new ToolEnd('Last transaction was partial.', 1)
    }
    const at = payloadZxid(payload)
    if (at === zxid) hasZxid = true
    context.out(gapLine(previous, at))
    previous = at
    if (at > zxid) {
      if (hasZxid) context.out(`Chopping at ${hexOf(zxid)} new log has ${count} records\n`)
      else context.out(`This log does not contain zxid ${hexOf(zxid)}\n`)
      return hasZxid
    }
    copy.append(checksum, payload)
    count++
  }
  context.out(`EOF reached after ${count} txns.\n`)
  return false
}

function gapLine(previous: bigint, zxid: bigint): string {
  if (previous === -1n || zxid === previous + 1n) return ''
  const between = `gap between ${hexOf(previous)} and ${hexOf(zxid)}\n`
  if (previous >> 32n === zxid >> 32n) return `There is intra-epoch ${between}`
  return BigInt.asUintN(32, zxid) === 1n ? '' : `There is inter-epoch ${between}`
}

interface Header {
  readonly bytes: Uint8Array
  readonly line: string
}

/** Undefined when the file does not begin as a log does. */
function headerOf(file: BlockingFile): Header | undefined {
  const bytes = file.read(0, FILE_HEADER_SIZE)
  const { magic, version, dbid } = readFileHeader(bytes)
  if (magic !== LOG_MAGIC) return undefined
  return { bytes, line: `ZooKeeper Transactional Log File with dbid ${dbid} txnlog format version ${version}\n` }
}

/** A log that is written entry by entry, and padded ahead as a server pads it. */
class LogCopy {
  readonly #fd: number
  readonly #preAllocSize: number
  readonly #writer = new JuteWriter()
  #position = FILE_HEADER_SIZE
  #size = FILE_HEADER_SIZE

  constructor(path: string, header: Uint8Array, preAllocSize: number) {
    this.#fd = openSync(path, 'w')
    this.#preAllocSize = preAllocSize
    writeFileSync(this.#fd, header)
  }

  append(checksum: bigint, payload: Uint8Array): void {
    const size = paddedSize(this.#position, this.#size, this.#preAllocSize)
    if (size !== this.#size) ftruncateSync(this.#fd, size)
    this.#size = size
    const w = this.#writer
    w.reset()
    w.long(checksum)
    w.buffer(payload)
    w.byte(ENTRY_TRAILER)
    writeFileSync(this.#fd, w.copy())
    this.#position += w.position
  }

  close(): void {
    closeSync(this.#fd)
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    // What is wrong with it makes no difference to the sentence.
    return false
  }
}

/** As Long.decode. */
function decodeLong(text: string): bigint {
  const match = /^([+-]?)(0[xX]|#)?([0-9a-fA-F]+)$/.exec(text)
  const digits = match?.[3] ?? ''
  const isHex = match?.[2] !== undefined
  const isOctal = !isHex && digits.length > 1 && digits.startsWith('0')
  if (match === null || (!isHex && !(isOctal ? /^[0-7]+$/ : /^[0-9]+$/).test(digits))) throw new ToolEnd(`For input string: "${text}"`, 1)
  const value = BigInt(isHex ? `0x${digits}` : isOctal ? `0o${digits}` : digits)
  return match[1] === '-' ? -value : value
}
