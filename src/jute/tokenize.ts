/** Splits record definitions into words and symbols, and gives each the comment that belongs to it. */

/** Where and why a definition cannot be understood. `message` is `file:line:column: reason`. */
export class JuteSyntaxError extends Error {
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units. */
  readonly column: number

  constructor(file: string, line: number, column: number, reason: string) {
    super(`${file}:${line}:${column}: ${reason}`)
    this.name = 'JuteSyntaxError'
    this.file = file
    this.line = line
    this.column = column
  }
}

export type TokenKind = 'word' | 'symbol' | 'end'

export interface Token {
  kind: TokenKind
  /** A word with its dots, a single character, or ''. */
  text: string
  /** The comments right in front of it, up to a blank line. */
  doc: string
  /** The comment behind it on the same line. */
  trailing: string
  /** Throws a JuteSyntaxError that points here. */
  fail: (reason: string) => never
}

const BLANK = /[ \t\r\f\v\ufeff]+/y
const NEWLINE = /\n/y
const LINE_COMMENT = /\/\/[^\n]*/y
const BLOCK_COMMENT = /\/\*[^]*?\*\//y
const WORD = /[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*/y
const SYMBOL = /[{}<>,;]/y

/** The tokens of `text`; the last is of kind 'end'. Throws JuteSyntaxError on anything else. */
export function tokenize(file: string, text: string): Token[] {
  return new Tokenizer(file, text).all()
}

class Tokenizer {
  readonly #file: string
  readonly #text: string
  readonly #tokens: Token[] = []
  #at = 0
  #line = 1
  #lineStart = 0
  /** Comments since the last token or blank line. */
  #comments: string[] = []
  /** What the current line has had so far. */
  #holds: 'nothing' | 'comments' | 'tokens' = 'nothing'

  constructor(file: string, text: string) {
    this.#file = file
    this.#text = text
  }

  all(): Token[] {
    while (this.#at < this.#text.length) this.#step()
    this.#push('end', '')
    return this.#tokens
  }

  #step(): void {
    if (this.#match(BLANK) !== undefined) return
    if (this.#match(NEWLINE) !== undefined) {
      // A comment that a blank line parts from what follows speaks of the file, not of the next definition.
      if (this.#holds === 'nothing') this.#comments = []
      this.#startLine(this.#at)
      return
    }
    const comment = this.#match(LINE_COMMENT) ?? this.#match(BLOCK_COMMENT)
    if (comment !== undefined) {
      this.#comment(comment)
      return
    }
    const word = this.#match(WORD)
    const symbol = word ?? this.#match(SYMBOL)
    if (symbol === undefined) this.#fail(this.#line, this.#at - this.#lineStart + 1, this.#complaint())
    this.#push(word !== undefined ? 'word' : 'symbol', symbol)
  }

  #comment(comment: string): void {
    const text = plainText(comment)
    const last = this.#tokens.at(-1)
    if (this.#holds === 'tokens' && last !== undefined) last.trailing = last.trailing === '' ? text : `${last.trailing}\n${text}`
    else this.#comments.push(text)
    const lastNewline = comment.lastIndexOf('\n')
    if (lastNewline >= 0) {
      this.#line += comment.split('\n').length - 2
      this.#startLine(this.#at - comment.length + lastNewline + 1)
      this.#holds = 'comments'
    } else if (this.#holds === 'nothing') {
      this.#holds = 'comments'
    }
  }

  #startLine(at: number): void {
    this.#line++
    this.#lineStart = at
    this.#holds = 'nothing'
  }

  #push(kind: TokenKind, text: string): void {
    const line = this.#line
    const column = this.#at - text.length - this.#lineStart + 1
    this.#tokens.push({ kind, text, doc: this.#comments.join('\n'), trailing: '', fail: (reason) => this.#fail(line, column, reason) })
    this.#comments = []
    this.#holds = 'tokens'
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found === null) return undefined
    this.#at = pattern.lastIndex
    return found[0]
  }

  #complaint(): string {
    if (this.#text.startsWith('/*', this.#at)) return 'this comment is never closed'
    return `unexpected character '${String.fromCodePoint(this.#text.codePointAt(this.#at)!)}'`
  }

  #fail(line: number, column: number, reason: string): never {
    throw new JuteSyntaxError(this.#file, line, column, reason)
  }
}

/** What a comment says, without its slashes and stars. */
function plainText(comment: string): string {
  const inner = comment.startsWith('//') ? comment.slice(2) : comment.slice(2, -2)
  return inner
    .split('\n')
    .map((line) => line.replace(/^[\s*]+|[\s*]+$/g, ''))
    .join('\n')
    .trim()
}
