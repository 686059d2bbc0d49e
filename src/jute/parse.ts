/**
 * Reads Jute's record definitions: modules of classes of typed fields. Accepts the language of Apache's compiler but for
 * `include` (name the files instead); unlike it, definitions may stand in any order. `parseJute` gives modules in which
 * every type is resolved, or throws JuteSyntaxError, which says where and what.
 */

import { type Token, tokenize, type TokenKind } from './tokenize.ts'

/** One file of definitions; `name` is what errors call it. */
export interface JuteSource {
  name: string
  text: string
}

export const PRIMITIVES = ['byte', 'boolean', 'int', 'long', 'float', 'double', 'ustring', 'buffer'] as const
export type Primitive = (typeof PRIMITIVES)[number]

export type JuteType =
  { kind: Primitive } | { kind: 'vector'; element: JuteType } | { kind: 'map'; key: JuteType; value: JuteType } | { kind: 'record'; record: JuteRecord }

export interface JuteField {
  name: string
  type: JuteType
  /** Comment in front of or behind the field, lines joined by '\n'; '' without one. */
  doc: string
}

export interface JuteRecord {
  name: string
  /** Full name of the module. */
  module: string
  fields: JuteField[]
  doc: string
}

export interface JuteModule {
  /** Full name with dots. */
  name: string
  doc: string
  /** Names of the files it was read from. */
  sources: string[]
  records: JuteRecord[]
}

/** A type as it was written, before its names are looked up. */
type TypeSyntax =
  | { kind: Primitive }
  | { kind: 'vector'; element: TypeSyntax }
  | { kind: 'map'; key: TypeSyntax; value: TypeSyntax }
  | { kind: 'name'; name: string; at: Token }

interface FieldSyntax {
  name: Token
  type: TypeSyntax
  doc: string
}

/** A record whose fields still wait for their types. */
interface Pending {
  record: JuteRecord
  fields: FieldSyntax[]
}

/** Parses files that may refer to each other. A module may be spread over several. */
export function parseJute(sources: JuteSource[]): JuteModule[] {
  const modules = new Map<string, JuteModule>()
  const pending = new Map<string, Pending>()
  for (const source of sources) new Parser(source, modules, pending).file()
  for (const { record, fields } of pending.values()) {
    record.fields = fields.map((field) => ({ name: field.name.text, type: resolve(field.type, record.module, pending), doc: field.doc }))
  }
  for (const each of pending.values()) refuseCycle(each, pending)
  return [...modules.values()]
}

class Parser {
  readonly #tokens: Token[]
  #next = 0
  readonly #source: JuteSource
  readonly #modules: Map<string, JuteModule>
  readonly #pending: Map<string, Pending>

  constructor(source: JuteSource, modules: Map<string, JuteModule>, pending: Map<string, Pending>) {
    this.#tokens = tokenize(source.name, source.text)
    this.#source = source
    this.#modules = modules
    this.#pending = pending
  }

  file(): void {
    while (this.#peek().kind !== 'end') this.#module()
  }

  #module(): void {
    const doc = this.#take('word', "'module'")
    if (doc.text === 'include') doc.fail("'include' is not supported: name the included files as further input instead")
    if (doc.text !== 'module') doc.fail(`expected 'module', found ${describe(doc)}`)
    const name = this.#dottedName('a module name')
    const module = this.#modules.get(name.text) ?? { name: name.text, doc: '', sources: [], records: [] }
    this.#modules.set(name.text, module)
    if (!module.sources.includes(this.#source.name)) module.sources.push(this.#source.name)
    module.doc = join(module.doc, doc.doc)
    this.#symbol('{', 'to open the module')
    while (!this.#isSymbol('}')) this.#record(module)
    this.#symbol('}', 'to close the module')
  }

  #record(module: JuteModule): void {
    const word = this.#take('word', "'class' or '}'")
    if (word.text !== 'class') word.fail(`expected 'class' or '}', found ${describe(word)}`)
    const name = this.#plainName('a class name')
    const full = `${module.name}.${name.text}`
    if (this.#pending.has(full)) name.fail(`class '${name.text}' is defined twice in module '${module.name}'`)
    this.#symbol('{', 'to open the class')
    const fields: FieldSyntax[] = []
    while (!this.#isSymbol('}')) {
      const field = this.#field()
      if (fields.some((other) => other.name.text === field.name.text)) {
        field.name.fail(`field '${field.name.text}' is defined twice in class '${name.text}'`)
      }
      fields.push(field)
    }
    // A record of no bytes would let a vector's count run free of the frame's length.
    if (fields.length === 0) this.#peek().fail(`class '${name.text}' has no fields`)
    this.#symbol('}', 'to close the class')
    const record: JuteRecord = { name: name.text, module: module.name, fields: [], doc: word.doc }
    module.records.push(record)
    this.#pending.set(full, { record, fields })
  }

  #field(): FieldSyntax {
    const before = this.#peek().doc
    const type = this.#type()
    const name = this.#plainName('a field name')
    if (name.text === '__proto__') name.fail("a field cannot be called '__proto__' in JavaScript")
    const end = this.#symbol(';', 'behind the field')
    return { name, type, doc: join(before, end.trailing) }
  }

  #type(): TypeSyntax {
    const name = this.#dottedName('a type')
    if (name.text === 'vector') {
      this.#symbol('<', "behind 'vector'")
      const element = this.#type()
      this.#symbol('>', 'behind the element type')
      return { kind: 'vector', element }
    }
    if (name.text === 'map') {
      this.#symbol('<', "behind 'map'")
      const key = this.#type()
      this.#symbol(',', 'between key and value type')
      const value = this.#type()
      this.#symbol('>', 'behind the value type')
      return { kind: 'map', key, value }
    }
    return isPrimitive(name.text) ? { kind: name.text } : { kind: 'name', name: name.text, at: name }
  }

  #peek(): Token {
    return this.#tokens[this.#next]
  }

  #isSymbol(text: string): boolean {
    const token = this.#peek()
    return token.kind === 'symbol' && token.text === text
  }

  #symbol(text: string, role: string): Token {
    if (!this.#isSymbol(text)) this.#peek().fail(`expected '${text}' ${role}, found ${describe(this.#peek())}`)
    return this.#tokens[this.#next++]
  }

  #take(kind: TokenKind, wanted: string): Token {
    const token = this.#peek()
    if (token.kind !== kind) token.fail(`expected ${wanted}, found ${describe(token)}`)
    this.#next++
    return token
  }

  #plainName(wanted: string): Token {
    const token = this.#take('word', wanted)
    if (token.text.includes('.')) token.fail(`expected ${wanted} without dots, found ${describe(token)}`)
    return token
  }

  #dottedName(wanted: string): Token {
    return this.#take('word', wanted)
  }
}

function resolve(type: TypeSyntax, module: string, pending: Map<string, Pending>): JuteType {
  switch (type.kind) {
    case 'vector':
      return { kind: 'vector', element: resolve(type.element, module, pending) }
    case 'map':
      return { kind: 'map', key: resolve(type.key, module, pending), value: resolve(type.value, module, pending) }
    case 'name': {
      const full = type.name.includes('.') ? type.name : `${module}.${type.name}`
      const found = pending.get(full)
      if (found === undefined) return type.at.fail(`unknown type '${type.name}': no class '${full}' is defined`)
      return { kind: 'record', record: found.record }
    }
    default:
      return type
  }
}

/** Records have no tag that could end them, so one that holds itself, even in a vector, lets a frame choose the stack's depth. */
function refuseCycle(start: Pending, pending: Map<string, Pending>): void {
  const seen = new Set<JuteRecord>()
  const visit = (each: Pending): boolean => {
    if (seen.has(each.record)) return each.record === start.record
    seen.add(each.record)
    const held = each.record.fields.flatMap((field) => recordsOf(field.type))
    return held.some((record) => visit(pending.get(`${record.module}.${record.name}`)!))
  }
  if (visit(start)) start.fields[0].name.fail(`class '${start.record.name}' contains itself`)
}

function recordsOf(type: JuteType): JuteRecord[] {
  switch (type.kind) {
    case 'record':
      return [type.record]
    case 'vector':
      return recordsOf(type.element)
    case 'map':
      return [...recordsOf(type.key), ...recordsOf(type.value)]
    default:
      return []
  }
}

function isPrimitive(name: string): name is Primitive {
  return (PRIMITIVES as readonly string[]).includes(name)
}

function describe(token: Token): string {
  return token.kind === 'end' ? 'the end of the file' : `'${token.text}'`
}

function join(first: string, second: string): string {
  return first === '' || second === '' ? first + second : `${first}\n${second}`
}
