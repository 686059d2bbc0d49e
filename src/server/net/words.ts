/** Four-letter words on the client port: they stand where the length of a first frame would. */
import { isAllowedWord } from '../admin/four-letter.ts'
import type { Settings } from '../config/settings.ts'
import type { Host } from '../host/host.ts'
import type { ClientConnection } from './client-connection.ts'

/** Answers a four-letter word; `argument` holds the bytes behind it. */
export interface WordAnswerer {
  /** How many bytes follow the word on the wire; undefined for what is no word. */
  argumentBytes(word: string): number | undefined
  /** What has to be looked up before the word can be answered, which calls back later; undefined = nothing. */
  prepare(word: string): ((done: () => void) => void) | undefined
  /** In pieces, made as they are asked for. */
  answer(word: string, argument: Uint8Array): Iterable<string>
}

export class Words {
  readonly #answerer: WordAnswerer
  readonly #whitelist: Settings['fourLetterWords']
  readonly #log: Host['log']

  constructor(answerer: WordAnswerer, { fourLetterWords }: Settings, log: Host['log']) {
    this.#answerer = answerer
    this.#whitelist = fourLetterWords
    this.#log = log
  }

  /** The word that stands there in place of a length, if one does. */
  at(length: number): string | undefined {
    // Lengths that are allowed start with a zero byte, which no word does.
    if (length >= 0 && length <= 0xff_ffff) return undefined
    const word = String.fromCharCode((length >>> 24) & 0xff, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff)
    return this.#answerer.argumentBytes(word) === undefined ? undefined : word
  }

  argumentBytes(word: string): number {
    return this.#answerer.argumentBytes(word) ?? 0
  }

  /** Calls back, at once unless something has to be looked up, with the answer in pieces, made as they are asked for. */
  answer(connection: ClientConnection, word: string, argument: Uint8Array, done: (pieces: Iterable<string>) => void): void {
    if (isAllowedWord(word, this.#whitelist)) {
      this.#log.info(`Processing ${word} command from /${connection.remoteAddress}:${connection.socket.remotePort}`)
    }
    const prepare = this.#answerer.prepare(word)
    const answer = (): void => done(this.#answerer.answer(word, argument))
    if (prepare === undefined) answer()
    else prepare(answer)
  }
}
