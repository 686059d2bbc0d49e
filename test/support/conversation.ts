// Conversations with a server as text. A line `a > create /x` is what session a asks; the lines after it are what the
// sessions hear: `a < ok /x` an answer, `b ! NodeCreated /x` a notification, `a .` the end of the connection. Requests
// that stand one under the other go out together. The whole text is compared, so a test reads as its own transcript.
import { expect } from 'vitest'
import { Code } from '../../src/protocol/codes.ts'
import { EventType } from '../../src/protocol/events.ts'
import type { FakeServer } from './fake-server.ts'
import { multi } from './multi.ts'
import type { MultiResult } from './multi.ts'
import type { RawSession, Reply } from './raw-session.ts'
import * as request from './requests.ts'
import type { Asked } from './requests.ts'

export interface ConversationOptions {
  /** Shows the zxid of answers and events, as `#12`. */
  readonly zxids?: boolean
}

/** Sessions by name; those that the script mentions first are opened by it. */
export type Cast = Record<string, RawSession>

/** Plays the script and expects its answers; returns the sessions. */
export function converse(fake: FakeServer, script: string, cast: Cast = {}, options: ConversationOptions = {}): Cast {
  const lines = script
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const heard: string[] = []
  const ended = new Set<string>()
  const listen = (): void => {
    fake.host.settle()
    for (const [name, session] of Object.entries(cast)) {
      for (const message of session.messages()) heard.push(`${name} ${describeMessage(message, options)}`)
      if (!session.isEnded || ended.has(name)) continue
      ended.add(name)
      heard.push(`${name} .`)
    }
  }
  for (const [index, line] of lines.entries()) {
    const said = /^(\w+) > (.*)$/.exec(line)
    if (said === null) continue
    const name = said[1]
    cast[name] ??= fake.session()
    heard.push(line)
    const session = cast[name]
    perform(session, said[2])
    if (!/^\w+ > /.test(lines[index + 1] ?? '')) listen()
  }
  expect(heard.join('\n')).toBe(lines.join('\n'))
  return cast
}

function perform(session: RawSession, text: string): void {
  if (text === 'hang up') session.connection.socket.destroy()
  else session.send(parseRequest(text))
}

/** `multi create /a; delete /b` and what `parseOne` knows. */
function parseRequest(text: string): Asked {
  if (!text.startsWith('multi')) return parseOne(text)
  const ops = text
    .slice('multi'.length)
    .split(';')
    .map((op) => op.trim())
  return multi(ops.filter((op) => op !== '').map(parseOne))
}

function parseOne(text: string): Asked {
  const words = text.split(' ')
  const [verb, path = ''] = words
  const named = new Map(words.filter((word) => /^\w+=/.test(word)).map((word) => word.split(/=(.*)/s) as [string, string]))
  const number = (name: string, otherwise: number): number => Number(named.get(name) ?? otherwise)
  const paths = (name: string): string[] => named.get(name)?.split(',') ?? []
  const watch = words.includes('watch')
  const acl = named.has('acl') ? parseAcl(named.get('acl')!) : request.OPEN
  const options = { flags: number('flags', 0), data: named.get('data') ?? '', acl }
  const lists = {
    data: paths('data'),
    exist: paths('exist'),
    child: paths('child'),
    persistent: paths('persistent'),
    recursive: paths('recursive'),
  }
  switch (verb) {
    case 'create':
      return request.create(path, options)
    case 'create2':
      return request.create2(path, options)
    case 'createContainer':
      return request.createContainer(path, options)
    case 'delete':
      return request.remove(path, number('version', -1))
    case 'exists':
      return request.exists(path, watch)
    case 'getData':
      return request.getData(path, watch)
    case 'getChildren':
      return request.getChildren(path, watch)
    case 'setData':
      return request.setData(path, named.get('data') ?? '', number('version', -1))
    case 'setAcl':
      return request.setAcl(path, acl, number('version', -1))
    case 'check':
      return request.check(path, number('version', -1))
    case 'sync':
      return request.sync(path)
    case 'ping':
      return request.ping()
    case 'close':
      return request.closeSession()
    case 'auth':
      return request.auth(path, words[2] ?? '')
    case 'addWatch':
      return request.addWatch(path, number('mode', 0))
    case 'checkWatches':
      return request.checkWatches(path, number('type', 0))
    case 'removeWatches':
      return request.removeWatches(path, number('type', 0))
    case 'setWatches':
      return request.setWatches(BigInt(named.get('since')!), lists)
    case 'setWatches2':
      return request.setWatches2(BigInt(named.get('since')!), lists)
    default:
      throw new Error(`no such request: ${text}`)
  }
}

/** `31:world:anyone,1:digest:u:hash` */
function parseAcl(text: string) {
  return text.split(',').map((entry) => {
    const [perms, scheme, ...id] = entry.split(':')
    return request.acl(Number(perms), scheme, id.join(':'))
  })
}

function describeMessage(message: ReturnType<RawSession['messages']>[number], { zxids = false }: ConversationOptions): string {
  const zxid = zxids ? ` #${message.zxid}` : ''
  if (message.kind === 'event') return `!${zxid} ${nameOf(EventType, message.type)} ${message.path}`
  const xid = message.xid < 0 ? ` xid ${message.xid}` : ''
  return `<${zxid}${xid} ${describeAnswer(message)}`
}

function describeAnswer({ err, body }: Reply): string {
  if (err !== 0) return nameOf(Code, err)
  if (Array.isArray(body)) return `ok ${(body as MultiResult[]).map(({ type, err: error }) => `${type}:${error}`).join(' ')}`.trim()
  if (body === undefined) return 'ok'
  const { path, children, data, stat } = body as { path?: string; children?: string[]; data?: Uint8Array; stat?: { version: number } }
  const parts = ['ok']
  if (path !== undefined) parts.push(path)
  if (children !== undefined) parts.push(children.sort().join(','))
  if (data !== undefined) parts.push(`"${Buffer.from(data).toString()}"`)
  if (stat !== undefined) parts.push(`v${stat.version}`)
  return parts.join(' ').trim()
}

function nameOf(names: Record<string, number>, value: number): string {
  return Object.entries(names).find(([, number]) => number === value)?.[0] ?? String(value)
}
