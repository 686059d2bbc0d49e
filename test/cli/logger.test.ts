import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { boundedOutput, openLogOutput } from '../../src/cli/log-output.ts'
import type { Sink } from '../../src/cli/log-output.ts'
import { asItIs, createLogger, logLevel, prettyFormat } from '../../src/cli/logger.ts'

/** Standard output as a test holds it: it takes lines, or it does not. */
class HeldSink implements Sink {
  readonly holdsThread = false
  lines: string[] = []
  waitingBytes = 0
  isHeld = false
  #whenEmpty: (() => void)[] = []

  write(line: string): void {
    if (this.isHeld) this.waitingBytes += line.length
    this.lines.push(line)
  }

  onEmpty(callback: () => void): void {
    this.#whenEmpty.push(callback)
  }

  letGo(): void {
    this.isHeld = false
    this.waitingBytes = 0
    for (const callback of this.#whenEmpty.splice(0)) callback()
  }
}

describe('levels', () => {
  test.each([
    [undefined, 'info'],
    ['', 'info'],
    ['DEBUG', 'debug'],
    ['Warning', 'warn'],
    ['SEVERE', 'error'],
    ['OFF', 'silent'],
    ['constructor', 'info'],
    ['loud', 'info'],
  ])('%s is %s', (name, level) => {
    expect(logLevel(name)).toBe(level)
  })
})

describe('lines', () => {
  test('are JSON with level, time and message', () => {
    const sink = new HeldSink()
    createLogger(boundedOutput(sink, 1000), 'info', asItIs).warn({ session: '0x1' }, 'careful')
    const [line] = sink.lines
    expect(line.endsWith('\n')).toBe(true)
    expect(JSON.parse(line)).toEqual({ level: 'warn', time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/), session: '0x1', msg: 'careful' })
  })

  test('are text on a terminal', async () => {
    const sink = new HeldSink()
    createLogger(boundedOutput(sink, 1000), 'info', await prettyFormat(false)).info('binding to port 2181')
    expect(sink.lines.join('')).toMatch(/^\[[-0-9]+ [0-9:.]+\] INFO: binding to port 2181\n$/)
  })

  test('below the level are not written', () => {
    const sink = new HeldSink()
    createLogger(boundedOutput(sink, 1000), 'warn', asItIs).info('quiet')
    expect(sink.lines).toEqual([])
  })
})

describe('a reader that does not read', () => {
  test('costs a bounded amount of memory, and what is dropped is counted', () => {
    const sink = new HeldSink()
    const log = createLogger(boundedOutput(sink, 500), 'info', asItIs)
    sink.isHeld = true
    for (let i = 0; i < 100; i++) log.info('one more line')
    const kept = sink.lines.length
    expect(sink.waitingBytes).toBeLessThanOrEqual(500)
    expect(kept).toBeGreaterThan(0)
    sink.letGo()
    log.info('back again')
    const messages = sink.lines.slice(kept).map((line) => (JSON.parse(line) as { msg: string }).msg)
    expect(messages).toEqual(['back again', `${100 - kept} log lines before this one were dropped, because standard output was not read`])
    log.info('and on')
    expect(sink.lines).toHaveLength(kept + 3)
  })

  test('does not hold up the end', async () => {
    const sink = new HeldSink()
    const output = boundedOutput(sink, 500)
    await expect(output.flush(1)).resolves.toBe(true)
    sink.isHeld = true
    output.write('x')
    await expect(output.flush(1)).resolves.toBe(false)
    const written = output.flush(60_000)
    sink.letGo()
    await expect(written).resolves.toBe(true)
  })
})

describe('a file as standard output', () => {
  let directory: string

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tskeeper-'))
  })

  afterEach(() => {
    rmSync(directory, { recursive: true })
  })

  test('gets every line', async () => {
    const path = join(directory, 'out')
    const fd = openSync(path, 'w')
    const output = openLogOutput(fd, 100_000)
    const lines = Array.from({ length: 500 }, (_, i) => `línea ${i}\n`)
    for (const line of lines) output.write(line)
    await expect(output.flush(10_000)).resolves.toBe(true)
    expect(readFileSync(path, 'utf8')).toBe(lines.join(''))
    expect(output.dropped).toBe(0)
    closeSync(fd)
  })
})
