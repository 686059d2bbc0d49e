#!/usr/bin/env node
/** The command jute-ts-codegen: writes TypeScript for record definitions, or checks that what is there is up to date. */

import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Command, Option } from 'commander'
import { generate, type GeneratedFile } from './generate.ts'
import { type JuteSource, parseJute } from './parse.ts'
import { JuteSyntaxError } from './tokenize.ts'

interface CliOptions {
  records: string[]
  out: string
  runtime: string
  importExtension: string
  check?: boolean
}

const HELP = `
Every module becomes one file, called after the last part of its name; every class of it an interface and a codec:

  import { Stat } from './generated/data.ts'
  const writer = new JuteWriter()
  Stat.write(writer, stat)
  const reader = new JuteReader()
  reader.reset(writer.copy())
  const same: Stat = Stat.read(reader)

Types: byte, int, float, double: number; long: bigint; boolean: boolean; ustring: string | null;
buffer: Uint8Array | null; vector<T>: T[] | null; map<K, V>: Map<K, V> | null; a class: its interface.

Examples:
  $ jute-ts-codegen --records protocol.jute --out src/generated --runtime tskeeper
  $ jute-ts-codegen --records src/records --out src/generated --runtime ../jute/ --check`

async function main(argv: string[]): Promise<number> {
  const program = new Command('jute-ts-codegen')
    .description("Generates fast TypeScript readers and writers from Jute record definitions, ZooKeeper's wire format.")
    .requiredOption('--records <path...>', 'files of definitions, or directories whose *.jute files to read')
    .requiredOption('--out <dir>', 'directory to write to; created when missing')
    .option(
      '--runtime <specifier>',
      'where generated code imports the types Codec, JuteReader and JuteWriter from: a package, or, ending in a slash, ' +
        'the directory (seen from <dir>) that holds codec.ts, reader.ts and writer.ts',
      '../',
    )
    .addOption(new Option('--import-extension <ext>', 'ending of relative imports').choices(['.ts', '.js']).default('.ts'))
    .option('--check', 'write nothing; say which files are not up to date and exit with 1 if any is')
    .addHelpText('after', HELP)
    .parse(argv)
  const options = program.opts<CliOptions>()
  try {
    const files = generate(parseJute(await readSources(options.records)), {
      runtime: options.runtime,
      extension: options.importExtension,
    })
    return options.check ? await check(options.out, files) : await write(options.out, files)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    console.error(error instanceof JuteSyntaxError ? error.message : `jute-ts-codegen: ${error.message}`)
    return 1
  }
}

/** In the order given, a directory's files by name. */
async function readSources(paths: string[]): Promise<JuteSource[]> {
  const sources: JuteSource[] = []
  for (const path of paths) {
    if ((await stat(path)).isDirectory()) {
      const names = (await readdir(path)).filter((name) => name.endsWith('.jute')).sort()
      for (const name of names) sources.push({ name, text: await readFile(join(path, name), 'utf8') })
    } else {
      sources.push({ name: basename(path), text: await readFile(path, 'utf8') })
    }
  }
  if (sources.length === 0) throw new Error(`no .jute files in ${paths.join(', ')}`)
  return sources
}

async function write(out: string, files: GeneratedFile[]): Promise<number> {
  await mkdir(out, { recursive: true })
  for (const { name, text } of files) await writeFile(join(out, name), text)
  return 0
}

async function check(out: string, files: GeneratedFile[]): Promise<number> {
  let status = 0
  for (const { name, text } of files) {
    const path = join(out, name)
    const found = await readFile(path, 'utf8').catch(() => undefined)
    if (found === text) continue
    console.error(`${path} is ${found === undefined ? 'missing' : 'not up to date'}`)
    status = 1
  }
  return status
}

process.exitCode = await main(process.argv)
