#!/usr/bin/env node
/** `nc` as health checks use it, for an image without netcat: `echo ruok | nc -w 2 localhost 2181`, `nc -z localhost 2181`. */
import { connect } from 'node:net'
import { parseArgs } from 'node:util'

const USAGE = 'usage: nc [-z] [-v] [-w seconds] [-q seconds] host port\n'

process.exitCode = await netcat(process.argv.slice(2))

async function netcat(args: readonly string[]): Promise<number> {
  const options = readOptions(args)
  if (options === undefined) {
    process.stderr.write(USAGE)
    return 1
  }
  return converse(options)
}

interface Options {
  readonly host: string
  readonly port: number
  /** Only tries the port, and sends nothing. */
  readonly isProbe: boolean
  readonly isVerbose: boolean
  /** Limit for the connection and for every silence; 0 = none. */
  readonly waitMs: number
  /** From the end of the input on; undefined = until the other side ends. */
  readonly quitMs: number | undefined
}

function readOptions(args: readonly string[]): Options | undefined {
  try {
    const flag = (short: string) => ({ type: 'boolean', short }) as const
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        probe: flag('z'),
        verbose: flag('v'),
        numeric: flag('n'),
        shutdown: flag('N'),
        four: flag('4'),
        six: flag('6'),
        wait: { type: 'string', short: 'w' },
        quit: { type: 'string', short: 'q' },
      },
    })
    const [host, port] = positionals
    const seconds = [values.wait ?? '0', values.quit ?? '0'].map(Number)
    if (host === undefined || !/^\d+$/.test(port ?? '') || positionals.length > 2 || seconds.some(Number.isNaN)) return undefined
    const quitMs = values.quit === undefined ? undefined : seconds[1] * 1000
    return { host, port: Number(port), isProbe: values.probe === true, isVerbose: values.verbose === true, waitMs: seconds[0] * 1000, quitMs }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return undefined
  }
}

function converse({ host, port, isProbe, isVerbose, waitMs, quitMs }: Options): Promise<number> {
  const tell = (line: string): unknown => isVerbose && process.stderr.write(`${line}\n`)
  return new Promise((done) => {
    let isConnected = false
    const socket = connect({ host, port })
    socket.setTimeout(waitMs, () => socket.destroy())
    socket.on('connect', () => {
      isConnected = true
      tell(`Connection to ${host} ${port} port [tcp] succeeded!`)
      if (isProbe) socket.destroy()
      else process.stdin.pipe(socket, { end: false })
    })
    process.stdin.on('end', () => quitMs !== undefined && setTimeout(() => socket.destroy(), quitMs).unref())
    socket.on('data', (bytes) => process.stdout.write(bytes))
    socket.on('error', (error) => tell(`nc: connect to ${host} port ${port} (tcp) failed: ${error.message}`))
    socket.on('close', () => {
      process.stdin.destroy()
      done(isConnected ? 0 : 1)
    })
  })
}
