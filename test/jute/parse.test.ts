/** The language of record definitions: what it takes, what it makes of comments, and where its errors point. */

import { describe, expect, it } from 'vitest'
import { type JuteType, parseJute } from '../../src/jute/parse.ts'
import { JuteSyntaxError } from '../../src/jute/tokenize.ts'

function parse(...texts: string[]): ReturnType<typeof parseJute> {
  return parseJute(texts.map((text, index) => ({ name: `${'abc'[index]}.jute`, text })))
}

function show(type: JuteType): string {
  switch (type.kind) {
    case 'vector':
      return `vector<${show(type.element)}>`
    case 'map':
      return `map<${show(type.key)},${show(type.value)}>`
    case 'record':
      return `${type.record.module}.${type.record.name}`
    default:
      return type.kind
  }
}

describe('definitions', () => {
  it('hold every type', () => {
    const [module] = parse(`
      module m { class C {
        byte a; boolean b; int c; long d; float e; double f; ustring g; buffer h;
        vector<int> i; vector<vector<m.C2>>j; map<ustring,map < long , vector<buffer> > > k; C2 l;
      } class C2 { int a; } }`)
    expect(module.records[0].fields.map(({ name, type }) => `${name}: ${show(type)}`)).toEqual([
      'a: byte',
      'b: boolean',
      'c: int',
      'd: long',
      'e: float',
      'f: double',
      'g: ustring',
      'h: buffer',
      'i: vector<int>',
      'j: vector<vector<m.C2>>',
      'k: map<ustring,map<long,vector<buffer>>>',
      'l: m.C2',
    ])
  })

  it('refer to other modules and files, in any order', () => {
    const modules = parse(
      'module a.b { class First { c.d.Second s; } } module c.d { class Second { int n; } }',
      'module a.b { class Third { First f; vector<c.d.Second> s; } }',
    )
    expect(modules.map(({ name, sources, records }) => [name, sources, records.map((record) => record.name)])).toEqual([
      ['a.b', ['a.jute', 'b.jute'], ['First', 'Third']],
      ['c.d', ['a.jute'], ['Second']],
    ])
    expect(modules[0].records[1].fields.map(({ type }) => show(type))).toEqual(['a.b.First', 'vector<c.d.Second>'])
  })

  it('may use the language’s own words as names', () => {
    const [module] = parse('module m { class module { int class; int vector; ustring int; m.module2 module; } class module2 { int map; } }')
    expect(module.records[0].fields.map(({ name }) => name)).toEqual(['class', 'vector', 'int', 'module'])
  })

  it('may be empty', () => {
    expect(parse('')).toEqual([])
    expect(parse('// nothing\n')).toEqual([])
    expect(parse('module m { }')[0].records).toEqual([])
  })
})

describe('comments', () => {
  it('belong to what follows or what stands before them on the line', () => {
    const [module] = parse(`// A licence.

// The module.
module m { // not this
  /**
   * A class
   *  of two lines.
   */
  class C {
    // In front,
    /* and again */ int a; // and behind.
    int b; /* One */ // Two
    /* own */
    // lines
    int c;

    // parted by a blank line

    int d; /* over
      two lines */ int e;
    int f; // last
  }
  class /* hidden */ D { int a; }
}
`)
    expect(module.doc).toBe('The module.')
    const [c, d] = module.records
    expect(c.doc).toBe('A class\nof two lines.')
    expect(d.doc).toBe('')
    expect(c.fields.map(({ name, doc }) => [name, doc])).toEqual([
      ['a', 'In front,\nand again\nand behind.'],
      ['b', 'One\nTwo'],
      ['c', 'own\nlines'],
      ['d', 'over\ntwo lines'],
      ['e', ''],
      ['f', 'last'],
    ])
  })

  it('may hold anything', () => {
    expect(parse('/* class { ; // */ module m { class C { int a; /**/ } } // } /*')[0].records).toHaveLength(1)
  })
})

describe('errors', () => {
  it.each([
    ['module', 'a.jute:1:7: expected a module name, found the end of the file'],
    ['modul m {}', "a.jute:1:1: expected 'module', found 'modul'"],
    ['{', "a.jute:1:1: expected 'module', found '{'"],
    ['module m {}\ninclude "b.jute"', "a.jute:2:9: unexpected character '\"'"],
    ['include b', "a.jute:1:1: 'include' is not supported: name the included files as further input instead"],
    ['module m;', "a.jute:1:9: expected '{' to open the module, found ';'"],
    ['module m {\n  class C { int a; }\n', "a.jute:3:1: expected 'class' or '}', found the end of the file"],
    ['module m {\n  struct C { int a; }\n}', "a.jute:2:3: expected 'class' or '}', found 'struct'"],
    ['module m { class a.b { int a; } }', "a.jute:1:18: expected a class name without dots, found 'a.b'"],
    ['module m { class C int a; } }', "a.jute:1:20: expected '{' to open the class, found 'int'"],
    ['module m { class C { } }', "a.jute:1:22: class 'C' has no fields"],
    ['module m { class C { int; } }', "a.jute:1:25: expected a field name, found ';'"],
    ['module m { class C { int a.b; } }', "a.jute:1:26: expected a field name without dots, found 'a.b'"],
    ['module m { class C {\n\tint a\n} }', "a.jute:3:1: expected ';' behind the field, found '}'"],
    ['module m { class C { int __proto__; } }', "a.jute:1:26: a field cannot be called '__proto__' in JavaScript"],
    ['module m { class C { int a; long a; } }', "a.jute:1:34: field 'a' is defined twice in class 'C'"],
    ['module m { class C { int a; } class C { int b; } }', "a.jute:1:37: class 'C' is defined twice in module 'm'"],
    ['module m { class C { vector int a; } }', "a.jute:1:29: expected '<' behind 'vector', found 'int'"],
    ['module m { class C { vector<int a; } }', "a.jute:1:33: expected '>' behind the element type, found 'a'"],
    ['module m { class C { map<int> a; } }', "a.jute:1:29: expected ',' between key and value type, found '>'"],
    ['module m { class C { map<int, int a; } }', "a.jute:1:35: expected '>' behind the value type, found 'a'"],
    ['module m { class C {\n  vector<Absent> a;\n} }', "a.jute:2:10: unknown type 'Absent': no class 'm.Absent' is defined"],
    ['module m { class C { n.Absent a; } }', "a.jute:1:22: unknown type 'n.Absent': no class 'n.Absent' is defined"],
    ['module m { class C { C a; } }', "a.jute:1:24: class 'C' contains itself"],
    ['module m { class A { vector<B> b; } class B { map<int, A> a; } }', "a.jute:1:32: class 'A' contains itself"],
    ['/* two\n lines */ module m { # }', "a.jute:2:22: unexpected character '#'"],
    ['module m {\n /* open', 'a.jute:2:2: this comment is never closed'],
    ['module m {\r\n  class C { int 9; }\r\n}', "a.jute:2:17: unexpected character '9'"],
    ['module m { 😀 }', "a.jute:1:12: unexpected character '😀'"],
  ])('in %j', (text, message) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ name: 'JuteSyntaxError', message }))
  })

  it('name the file, line and column', () => {
    let thrown: unknown
    try {
      parse('module m { class C { int a; } }', '\n module m { class C { int a; } }')
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(JuteSyntaxError)
    expect(thrown).toMatchObject({ file: 'b.jute', line: 2, column: 19 })
  })
})
