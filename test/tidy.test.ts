/** The shape of the source, as docs/architecture.md draws it: who may import whom, and where the outside world and bytes may appear. */

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

// ---- The rules ----

/** A room may import from these and from itself. */
const ROOMS: Record<string, string[]> = {
  base: [],
  jute: [],
  protocol: ['base', 'jute'],
  server: ['base', 'jute', 'protocol'],
  quorum: ['base', 'jute', 'protocol', 'server'],
  sim: ['base', 'jute', 'protocol', 'server', 'quorum'],
  embed: ['base', 'jute', 'protocol', 'server', 'quorum'],
  testing: ['base', 'jute', 'protocol', 'server', 'quorum', 'embed'],
  cli: ['base', 'jute', 'protocol', 'server', 'quorum', 'embed'],
  // src/index.ts
  '': ['base', 'jute', 'protocol', 'server', 'quorum', 'embed', 'testing', 'cli'],
}

/**
 * The rooms inside `server` and `quorum`, by the same rule: what a room may import from its sisters. Files beside them put the pieces together and may
 * import from all of them; none of the rooms may import from those files.
 */
const INNER_ROOMS: Record<string, Record<string, string[]>> = {
  server: {
    host: [],
    config: [],
    tree: [],
    session: ['host'],
    watch: [],
    auth: ['config'],
    admin: ['host'],
    storage: ['host', 'config'],
    ops: ['auth', 'config', 'tree', 'watch'],
    txn: ['ops', 'tree', 'watch'],
    replica: ['config', 'host', 'ops', 'session', 'storage', 'tree', 'txn', 'watch'],
    request: ['auth', 'config', 'host', 'ops', 'replica', 'session', 'tree', 'txn'],
    net: ['admin', 'auth', 'config', 'host', 'ops', 'replica', 'request', 'session', 'tree', 'txn', 'watch'],
  },
  quorum: {
    config: [],
    zab: ['config'],
    wire: ['config', 'zab'],
    member: ['config', 'wire', 'zab'],
  },
}

/** What a room of `quorum` may import from `server`; the member's room joins both and may import from everywhere. */
const QUORUM_FROM_SERVER: Record<string, string[]> = {
  config: ['config', 'host', 'storage'],
  zab: ['admin', 'host', 'txn'],
  wire: ['config', 'host', 'storage'],
}

/** Files that know each other's types: a class and its parts, where the part is handed the whole. None of them needs another at run time. */
const CIRCLES = [
  ['src/quorum/member/ensemble-server.ts', 'src/quorum/member/following.ts', 'src/quorum/member/leading.ts'],
  ['src/server/net/client-connection.ts', 'src/server/net/client-service.ts', 'src/server/net/words.ts'],
  ['src/server/server-admin.ts', 'src/server/server-core.ts'],
]

/** Files whose business it is to pass on what others export. */
const BARRELS = ['src/index.ts', 'src/testing/index.ts']

/** The outside world: time, chance, sockets, files, the process. The core reaches it through Host only. */
const WORLD_MODULES = 'child_process cluster dgram dns fs http http2 https inspector net perf_hooks process readline repl timers tls tty worker_threads'.split(
  ' ',
)
const WORLD_NAMES = (
  'Date Math.random performance process queueMicrotask setImmediate setInterval setTimeout ' + 'randomBytes randomFill randomFillSync randomInt randomUUID'
).split(' ')

interface Exception {
  /** A file, or with a slash at the end a directory. */
  path: string
  reason: string
}

const WORLD: Exception[] = [
  { path: 'src/server/host/', reason: 'gives the core its clock, sockets, disk and chance' },
  { path: 'src/cli/', reason: 'is a program' },
  { path: 'src/embed/settings-file.ts', reason: 'reads the files that a program names' },
  { path: 'src/testing/', reason: 'starts servers in the test’s own process' },
  { path: 'src/jute/cli.ts', reason: 'is a program' },
]

/** Calls of Node that hold up everybody while a disk is at work: nothing that runs in a server that serves may make them. */
const BLOCKING: Exception[] = [
  { path: 'src/cli/', reason: 'is a program: its tools serve nobody, and what it does for a server comes before its start or with its end' },
  { path: 'src/embed/settings-file.ts', reason: 'reads settings before there is a server' },
  { path: 'src/server/host/blocking-node-files.ts', reason: 'is for those tools' },
  { path: 'src/server/host/node-directory-lock.ts', reason: 'takes a lock before its server serves' },
  { path: 'src/server/host/node-process.ts', reason: 'reads /proc, which is no disk' },
]
const BLOCKING_CALL =
  /^\.?(?:access|append|chmod|chown|close|copy|cp|exists|fchmod|fdatasync|fstat|fsync|ftruncate|futimes|lchown|link|lstat|mkdir|mkdtemp|open|opendir|read|readdir|readFile|readlink|readv|realpath|rename|rm|rmdir|stat|statfs|symlink|truncate|unlink|utimes|write|writeFile|writev)Sync$/
/** Who may use what blocks. */
const MAY_BLOCK = /^src\/cli\//

/** Numbers as bytes. Records are encoded and decoded by generated code; what is no record stands here. */
const BYTES: Exception[] = [
  { path: 'src/jute/', reason: 'is the codec' },
  { path: 'src/server/storage/', reason: 'frames records in files with lengths and checksums' },
  { path: 'src/server/tree/digest.ts', reason: 'makes one sum of two halves' },
]

/** Methods of DataView and Buffer that store or load numbers. */
const NUMBER_ACCESS = /^(?:[gs]et(?:(?:Big)?(?:Ui|I)nt|Float)\d+|(?:read|write)(?:(?:Big)?U?Int\d*|Float|Double)(?:BE|LE)?)$/

// ---- What the files hold ----

interface Import {
  specifier: string
  /** Gone at run time. */
  typeOnly: boolean
}

interface SourceFacts {
  imports: Import[]
  /** Whether it exports what it imported. */
  passesOn: boolean
  /** Names used as variables or types, X.name as '.name', and if X is a name, as 'X.name' too. */
  names: Set<string>
}

function factsOf(text: string): SourceFacts {
  const file = ts.createSourceFile('file.ts', text, ts.ScriptTarget.ES2023, true)
  const facts: SourceFacts = { imports: [], passesOn: false, names: new Set() }
  const imported = new Set<string>()
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node)
    if (specifier !== undefined) facts.imports.push({ specifier, typeOnly: isTypeOnly(node) })
    if (ts.isImportDeclaration(node)) for (const name of importedNames(node)) imported.add(name)
    if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) facts.passesOn = true
    if (ts.isExportSpecifier(node) && imported.has((node.propertyName ?? node.name).text)) facts.passesOn = true
    if (ts.isIdentifier(node)) facts.names.add(isMember(node) ? `.${node.text}` : node.text)
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      facts.names.add(`${node.expression.text}.${node.name.text}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return facts
}

function specifierOf(node: ts.Node): string | undefined {
  let specifier: ts.Node | undefined
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) specifier = node.moduleSpecifier
  else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) specifier = node.argument.literal
  else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) specifier = node.arguments[0]
  return specifier !== undefined && ts.isStringLiteral(specifier) ? specifier.text : undefined
}

function isTypeOnly(node: ts.Node): boolean {
  if (ts.isImportDeclaration(node)) return node.importClause?.isTypeOnly === true
  return ts.isImportTypeNode(node) || (ts.isExportDeclaration(node) && node.isTypeOnly)
}

function importedNames({ importClause }: ts.ImportDeclaration): string[] {
  const bindings = importClause?.namedBindings
  const names = bindings === undefined ? [] : ts.isNamespaceImport(bindings) ? [bindings.name] : bindings.elements.map(({ name }) => name)
  return [...names, ...(importClause?.name ? [importClause.name] : [])].map(({ text }) => text)
}

/** Whether the name is that of a property, not of something in scope. */
function isMember(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node
  if (ts.isQualifiedName(parent)) return parent.right === node
  if (ts.isBindingElement(parent)) return parent.propertyName === node
  return (
    (ts.isPropertyAssignment(parent) ||
      ts.isPropertySignature(parent) ||
      ts.isPropertyDeclaration(parent) ||
      ts.isMethodSignature(parent) ||
      ts.isMethodDeclaration(parent) ||
      ts.isGetAccessor(parent) ||
      ts.isSetAccessor(parent)) &&
    parent.name === node
  )
}

const root = join(import.meta.dirname, '..')
const files = new Map(
  readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .map((name) => `src/${name.replaceAll('\\', '/')}`)
    .filter((path) => /\.c?[jt]s$/.test(path))
    .sort()
    .map((path) => [path, factsOf(readFileSync(join(root, path), 'utf8'))]),
)

/** The room a file is in; '' for files in src itself. */
function roomOf(path: string): string {
  return path.split('/').slice(1, -1)[0] ?? ''
}

/** The room within a room of src; '' for files beside those rooms. */
function innerRoomOf(path: string): string {
  return path.split('/').slice(2, -1)[0] ?? ''
}

function mayImport(path: string, target: string): boolean {
  const [from, to] = [innerRoomOf(path), innerRoomOf(target)]
  if (roomOf(path) === 'quorum' && roomOf(target) === 'server') return from === 'member' || QUORUM_FROM_SERVER[from].includes(to)
  const sisters = roomOf(path) === roomOf(target) ? INNER_ROOMS[roomOf(path)] : undefined
  return sisters === undefined || from === '' || from === to || sisters[from].includes(to)
}

function resolved(from: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? posix.join(dirname(from), specifier) : undefined
}

function covers({ path }: Exception, file: string): boolean {
  return path.endsWith('/') ? file.startsWith(path) : file === path
}

function worldOf({ imports, names }: SourceFacts): string[] {
  const modules = imports.filter(({ specifier, typeOnly }) => {
    const [, module] = /^(?:node:)?([^/]+)/.exec(specifier) ?? []
    return !typeOnly && !specifier.startsWith('.') && WORLD_MODULES.includes(module)
  })
  return [...modules.map(({ specifier }) => specifier), ...WORLD_NAMES.filter((name) => names.has(name))]
}

function bytesOf({ names }: SourceFacts): string[] {
  return [...names].filter((name) => name === 'DataView' || (name.startsWith('.') && NUMBER_ACCESS.test(name.slice(1))))
}

/** `file: what` for everything found outside the exceptions. */
function outside(exceptions: Exception[], find: (facts: SourceFacts) => string[]): string[] {
  return [...files].flatMap(([path, facts]) => (exceptions.some((exception) => covers(exception, path)) ? [] : find(facts).map((found) => `${path}: ${found}`)))
}

/** Every way round: files that import each other at run time, each group sorted. */
function cycles(graph: Map<string, string[]>): string[][] {
  const order = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const found: string[][] = []
  const visit = (node: string): void => {
    order.set(node, order.size)
    low.set(node, order.get(node)!)
    stack.push(node)
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) visit(next)
      if (stack.includes(next)) low.set(node, Math.min(low.get(node)!, low.get(next)!))
    }
    if (low.get(node) !== order.get(node)) return
    const group = stack.splice(stack.indexOf(node))
    if (group.length > 1 || graph.get(node)?.includes(node)) found.push(group.sort())
  }
  for (const node of graph.keys()) if (!order.has(node)) visit(node)
  return found
}

// ---- The tests ----

describe('the source', () => {
  it('imports one way between rooms', () => {
    const wrong = [...files].flatMap(([path, { imports }]) =>
      imports.flatMap(({ specifier }) => {
        const target = resolved(path, specifier)
        if (target === undefined) return []
        const [from, to] = [roomOf(path), roomOf(target)]
        return target.startsWith('src/') && (from === to || ROOMS[from]?.includes(to)) ? [] : [`${path}: ${specifier}`]
      }),
    )
    expect(wrong).toEqual([])
  })

  it('imports one way between the rooms inside server and quorum', () => {
    for (const [room, inner] of Object.entries(INNER_ROOMS)) {
      const rooms = new Set([...files.keys()].filter((path) => roomOf(path) === room).map(innerRoomOf))
      expect([...rooms].filter((name) => name !== '').sort()).toEqual(Object.keys(inner).sort())
    }
    const wrong = [...files].flatMap(([path, { imports }]) =>
      imports.flatMap(({ specifier }) => {
        const target = resolved(path, specifier)
        return target === undefined || mayImport(path, target) ? [] : [`${path}: ${specifier}`]
      }),
    )
    expect(wrong).toEqual([])
    expect(cycles(new Map(Object.entries(INNER_ROOMS['server'])))).toEqual([])
    expect(cycles(new Map(Object.entries(INNER_ROOMS['quorum'])))).toEqual([])
  })

  it('names files that are there', () => {
    const absent = [...files].flatMap(([path, { imports }]) =>
      imports.map(({ specifier }) => resolved(path, specifier)).filter((target) => target !== undefined && !files.has(target)),
    )
    expect(absent).toEqual([])
  })

  it('lives in the rooms that are drawn', () => {
    expect([...files.keys()].filter((path) => !(roomOf(path) in ROOMS))).toEqual([])
    expect([...files.keys()].filter((path) => roomOf(path) === '' && path !== 'src/index.ts')).toEqual([])
  })

  it('has no import cycles, those between types included, but a few that are known', () => {
    const graph = new Map([...files].map(([path, { imports }]) => [path, imports.flatMap(({ specifier }) => resolved(path, specifier) ?? [])]))
    expect(cycles(graph).sort()).toEqual(CIRCLES.sort())
    const atRunTime = new Map(
      [...files].map(([path, { imports }]) => [path, imports.filter(({ typeOnly }) => !typeOnly).flatMap(({ specifier }) => resolved(path, specifier) ?? [])]),
    )
    expect(cycles(atRunTime)).toEqual([])
  })

  it('passes names on in index.ts only', () => {
    expect([...files].filter(([path, { passesOn }]) => passesOn && !BARRELS.includes(path)).map(([path]) => path)).toEqual([])
  })

  it('touches the outside world in hosts and programs only', () => {
    expect(outside(WORLD, worldOf)).toEqual([])
  })

  it('waits for a disk on the event loop in tools and before a start only', () => {
    expect(outside(BLOCKING, ({ names }) => [...names].filter((name) => BLOCKING_CALL.test(name)))).toEqual([])
    const users = [...files].filter(([, { imports }]) => imports.some(({ specifier }) => specifier.endsWith('/blocking-node-files.ts')))
    expect(users.map(([path]) => path).filter((path) => !MAY_BLOCK.test(path))).toEqual([])
  })

  it('makes bytes of numbers in generated code and a few known places only', () => {
    expect(outside(BYTES, bytesOf)).toEqual([])
  })

  it.each([
    ['the outside world', WORLD, worldOf],
    ['waiting for a disk', BLOCKING, ({ names }: SourceFacts) => [...names].filter((name) => BLOCKING_CALL.test(name))],
    ['making bytes', BYTES, bytesOf],
  ])('still needs every exception for %s', (_, exceptions, find) => {
    const needless = exceptions.filter((exception) => ![...files].some(([path, facts]) => covers(exception, path) && find(facts).length > 0))
    expect(needless).toEqual([])
  })
})

describe('the eye for it', () => {
  it('sees every kind of import', () => {
    const facts = factsOf(`import a from './a.ts'\nimport type { B } from './b.ts'\nimport { type C } from './c.ts'\nimport './d.ts'
      export type { E } from './e.ts'\nlet f: import('./f.ts').F\nconst g = await import('./g.ts')`)
    expect(facts.imports.map(({ specifier, typeOnly }) => (typeOnly ? `type ${specifier}` : specifier))).toEqual([
      './a.ts',
      'type ./b.ts',
      './c.ts',
      './d.ts',
      'type ./e.ts',
      'type ./f.ts',
      './g.ts',
    ])
  })

  it.each([
    ["export { a } from './a.ts'", true],
    ["export * from './a.ts'", true],
    ["import { a } from './a.ts'\nexport { a as b }", true],
    ["import a from './a.ts'\nexport { a }", true],
    ["import * as a from './a.ts'\nexport { a }", true],
    ["import { a } from './a.ts'\nconst b = a\nexport { b }", false],
  ])('knows what is passed on: %j', (text, passesOn) => {
    expect(factsOf(text).passesOn).toBe(passesOn)
  })

  it.each([
    ["import fs from 'node:fs/promises'", ['node:fs/promises']],
    ["import { connect } from 'net'", ['net']],
    ["import type { Socket } from 'node:net'", []],
    ['const at = Date.now() + performance.now()', ['Date', 'performance']],
    ['setTimeout(() => process.exit(1), Math.random())', ['Math.random', 'process', 'setTimeout']],
    ['socket.setTimeout(host.process); const x = { Date: 1 }; interface Y { process: number }', []],
    ['Math.max(1, host.random.below(2))', []],
    ["import { randomBytes } from 'node:crypto'", ['randomBytes']],
  ])('knows the outside world: %j', (text, found) => {
    expect(worldOf(factsOf(text))).toEqual(found)
  })

  it.each([
    ['new DataView(a)', ['DataView']],
    ['w.view.setBigInt64(0, 1n); r.view.getUint32(0); a.view.setInt(1)', ['.setBigInt64', '.getUint32']],
    ['bytes.readInt32BE(0); bytes.writeBigUInt64LE(1n); bytes.readInt8(0)', ['.readInt32BE', '.writeBigUInt64LE', '.readInt8']],
    ['bytes.readUIntBE(0, 3); bytes.writeDoubleBE(1); bytes.readFloatLE(0)', ['.readUIntBE', '.writeDoubleBE', '.readFloatLE']],
    ['w.int(1); bytes.set(other); map.get(1); storage.write(1); writeInternals(); link.readInto(x)', []],
  ])('knows bytes: %j', (text, found) => {
    expect(bytesOf(factsOf(text))).toEqual(found)
  })

  it('finds cycles', () => {
    const graph = new Map([
      ['a', ['b', 'c']],
      ['b', ['c']],
      ['c', ['d', 'b']],
      ['d', []],
      ['e', ['e']],
    ])
    expect(cycles(graph)).toEqual([['b', 'c'], ['e']])
  })
})
