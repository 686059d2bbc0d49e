/** `status`: finds the client port in the configuration and asks the server there for its mode. */
import { connect } from 'node:net'
import { resolve } from 'node:path'
import { readLatin1 } from '../embed/settings-file.ts'
import { splitLikeJava } from '../server/config/java-values.ts'
import { fallback } from './context.ts'
import type { CommandContext, Target } from './context.ts'
import { rawConfig } from './raw-config.ts'

interface ClientAddress {
  readonly host: string
  readonly port: string
  readonly isTls: boolean
}

const ANSWER_MS = 5000
/** The answer of a member without a leader. */
const NOT_SERVING = 'is not currently serving requests'

export async function status(target: Target, context: CommandContext): Promise<number> {
  const say = (line: string): void => context.out(`${line}\n`)
  const address = findClientPort(target, context, say)
  if (address === undefined) {
    say('Unable to find either secure or unsecure client port in any configs. Terminating.')
    return 1
  }
  const { host, port, isTls } = address
  say(`Client port found: ${port}. Client address: ${host}. Client SSL: ${isTls}.`)
  if (isTls) say('Note: only secureClientPort is set, and this version of the status command does not speak TLS.')
  const answer = isTls ? '' : await ask(host, Number(port), 'srvr')
  const mode = answer.split('\n').find((line) => line.includes('Mode'))
  if (mode === undefined && context.form === 'tskeeper' && answer.includes(NOT_SERVING)) {
    say('The server is listening, looking for a leader: it serves no clients.')
    return 1
  }
  if (mode === undefined) {
    say('Error contacting service. It is probably not running.')
    return 1
  }
  say(mode)
  return 0
}

/** In the order of zkServer.sh: clientPort, the own server line, the dynamic file's, secureClientPort. */
function findClientPort(target: Target, context: CommandContext, say: (line: string) => void): ClientAddress | undefined {
  if (target.legacy !== undefined) return { host: 'localhost', port: target.legacy[0], isTls: false }
  const { file } = target.location
  if (file === undefined) return { host: 'localhost', port: String(fallback.clientPort), isTls: false }
  const config = rawConfig(resolve(context.cwd, file))
  const host = config.get('clientPortAddress')?.replace(/^\[(.*)\]$/, '$1') || 'localhost'
  const port = config.get('clientPort')
  if (port !== undefined && /^[0-9]+$/.test(port)) return { host, port, isTls: false }
  const own = fromServerLine(config, context, host, say)
  if (own !== undefined) return own
  say('Client port not found. Looking for secureClientPort in the static config.')
  const securePort = config.get('secureClientPort')
  return securePort ? { host: config.get('secureClientPortAddress') || 'localhost', port: securePort, isTls: true } : undefined
}

function fromServerLine(config: ReadonlyMap<string, string>, context: CommandContext, host: string, say: (line: string) => void): ClientAddress | undefined {
  const inDirectory = (path: string): string => resolve(context.cwd, path)
  const myid = readLatin1(inDirectory(`${config.get('dataDir') ?? ''}/myid`))?.trim()
  if (myid === undefined || !/^[0-9]+$/.test(myid)) {
    say('myid could not be determined, will not able to locate clientPort in the server configs.')
    return undefined
  }
  let client = clientPart(config.get(`server.${myid}`))
  if (client === undefined) {
    say('Client port not found in static config file. Looking in dynamic config file.')
    const dynamic = config.get('dynamicConfigFile')
    client = clientPart(dynamic === undefined ? undefined : rawConfig(inDirectory(dynamic)).get(`server.${myid}`))
  }
  if (client === undefined) {
    say('Client port not found in the server configs')
    return undefined
  }
  const match = /^(?:\[(.*)\]|([^:]*)):([0-9]+)$/.exec(client)
  return match === null ? { host, port: client, isTls: false } : { host: match[1] ?? match[2], port: match[3], isTls: false }
}

function clientPart(serverLine: string | undefined): string | undefined {
  return serverLine === undefined ? undefined : splitLikeJava(serverLine, ';')[1]
}

/** The server's answer to a four-letter word; empty when none comes in time. */
function ask(host: string, port: number, word: string): Promise<string> {
  return new Promise((done) => {
    let answer = ''
    const socket = connect({ host, port })
    socket.setEncoding('utf8')
    socket.setTimeout(ANSWER_MS, () => socket.destroy())
    socket.on('connect', () => socket.end(word))
    socket.on('data', (text: string) => (answer += text))
    socket.on('error', () => undefined)
    socket.on('close', () => done(answer))
  })
}
