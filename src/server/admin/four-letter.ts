/**
 * The four-letter words of the client port: which there are, which are allowed, what is said instead of an answer
 * (FourLetterCommands, CommandExecutor, NopCommand). The caller finds the word in the first four bytes of a connection
 * and closes it behind the answer.
 */
import { JuteReader } from '../../jute/reader.ts'
import type { AdminView } from './admin-view.ts'
import * as commands from './commands.ts'

/** Said by a server that is not serving; `hash` says it without the line end. */
const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests'

interface Word {
  /** Bytes behind the word on the wire. */
  readonly argumentBytes: number
  readonly whenNotServing: 'answers' | 'says so' | 'says so without a line end'
  answer(view: AdminView, argument: Uint8Array): string | Iterable<string>
}

function word(answer: (view: AdminView) => string | Iterable<string>, whenNotServing: Word['whenNotServing'] = 'says so'): Word {
  return { argumentBytes: 0, whenNotServing, answer }
}

/** What a telnet client sends when it is interrupted: known so that nothing is logged about it. */
export const TELNET_CLOSE = '\u00ff\u00f4\u00ff\u00fd'

const words: ReadonlyMap<string, Word> = new Map([
  ['conf', word(commands.conf)],
  ['cons', word(commands.cons)],
  ['crst', word(commands.crst)],
  ['dirs', word(commands.dirs)],
  ['dump', word(commands.dump)],
  ['envi', word(commands.envi, 'answers')],
  ['gtmk', word(commands.gtmk, 'answers')],
  ['hash', word(commands.hash, 'says so without a line end')],
  ['isro', word(commands.isro, 'answers')],
  ['mntr', word(commands.mntr)],
  ['ruok', word(commands.ruok, 'answers')],
  ['srst', word(commands.srst)],
  ['srvr', word(commands.srvr)],
  ['stat', word(commands.stat)],
  ['stmk', { argumentBytes: 8, whenNotServing: 'answers', answer: (view, argument) => commands.stmk(view, readLong(argument)) }],
  ['wchc', word(commands.wchc)],
  ['wchp', word(commands.wchp)],
  ['wchs', word(commands.wchs)],
  [TELNET_CLOSE, word(() => '', 'answers')],
])

export type Whitelist = ReadonlySet<string> | 'all'

/** A word that is not allowed is answered by a sentence, at once and whatever follows it. */
export function isAllowedWord(name: string, whitelist: Whitelist): boolean {
  return whitelist === 'all' || whitelist.has(name)
}

/** How many bytes to wait for behind a word before it can be answered; undefined = it is no word (one character a byte). */
export function argumentBytes(name: string, whitelist: Whitelist): number | undefined {
  const known = words.get(name)
  if (known === undefined) return undefined
  return isAllowedWord(name, whitelist) ? known.argumentBytes : 0
}

/** The answer to a known word in pieces, made as they are asked for; `argument` holds the bytes it asks for. */
export function answerWord(name: string, view: AdminView, whitelist: Whitelist, argument: Uint8Array = new Uint8Array()): Iterable<string> {
  const answer = wholeAnswer(name, view, whitelist, argument)
  return typeof answer === 'string' ? [answer] : answer
}

function wholeAnswer(name: string, view: AdminView, whitelist: Whitelist, argument: Uint8Array): string | Iterable<string> {
  const known = words.get(name)
  if (known === undefined) return ''
  if (!isAllowedWord(name, whitelist)) {
    return `${name === TELNET_CLOSE ? 'telnet close' : name} is not executed because it is not in the whitelist.\n`
  }
  if (view.isServing || known.whenNotServing === 'answers') return known.answer(view, argument)
  return known.whenNotServing === 'says so' ? `${NOT_SERVING}\n` : NOT_SERVING
}

/** The two lines Java logs when the first word comes in. */
export function whitelistNotices(whitelist: Whitelist): string[] {
  const known = [...words.keys()].map((name) => (name === TELNET_CLOSE ? 'telnet close' : name))
  const enabled = whitelist === 'all' ? known : [...whitelist]
  return [
    `The list of known four letter word commands is : [${known.join(', ')}]`,
    `The list of enabled four letter word commands is : [[${enabled.join(', ')}]]`,
  ]
}

function readLong(bytes: Uint8Array): bigint {
  const reader = new JuteReader()
  reader.reset(bytes)
  return reader.long()
}
