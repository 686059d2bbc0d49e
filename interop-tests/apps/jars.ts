// The jars of a Java application, fetched through Maven once, and small Java programs of ours compiled against them.
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { cachedDirectory, withLock } from '../peers/cache.ts'
import { needProgram, PeerUnavailable } from '../peers/programs.ts'
import { mustRun } from '../peers/processes.ts'
import type { Result } from '../peers/processes.ts'
import { log4jBinding, log4jFlag } from './log4j.ts'

const FETCH_LIMIT_MS = 480_000

/** One artifact with everything it needs. */
export interface Dependency {
  /** `group:artifact:version`. */
  readonly name: string
  /** `group:artifact` patterns of what is not wanted with it. */
  readonly without?: readonly string[]
}

/**
 * The directory with the jars of an application, a log library among them, fetched on first use. The name carries the version: another
 * version is another entry.
 */
export async function applicationLibrary(name: string, dependencies: readonly Dependency[]): Promise<string> {
  return await cachedDirectory(name, async (scratch) => {
    await needProgram('java', ['openjdk-17-jdk-headless', 'default-jdk-headless'])
    await needProgram('mvn', ['maven'])
    await writeFile(join(scratch, 'pom.xml'), pom([...dependencies, { name: log4jBinding }]))
    const fetch = (): Promise<Result> => mustRun('mvn', ['-q', '-B', 'package'], { cwd: scratch, timeoutMs: FETCH_LIMIT_MS })
    // Maven's local repository is not made for two writers, and it keeps what has arrived: a second try goes on where the first broke off.
    try {
      await withLock('maven', () => fetch().catch(fetch))
    } catch (error) {
      throw new PeerUnavailable(`its jars cannot be fetched: ${(error as Error).message}`, { cause: error })
    }
  })
}

/** Compiles our sources against a library; the same sources are compiled once. Gives the directory of the classes. */
export async function compiledAgainst(library: string, sources: readonly string[]): Promise<string> {
  const digest = createHash('sha256')
  for (const source of sources) digest.update(await readFile(source))
  return await cachedDirectory(`${basename(library)}-classes-${digest.digest('hex').slice(0, 16)}`, async (scratch) => {
    await needProgram('javac', ['openjdk-17-jdk-headless', 'default-jdk-headless'])
    await mustRun('javac', ['-nowarn', '-proc:none', '-d', scratch, '-cp', join(library, '*'), ...sources])
  })
}

export interface JavaProgram {
  readonly library: string
  /** The directory it will run in, where its logging is configured. */
  readonly home: string
  readonly mainClass: string
  readonly args?: readonly string[]
  readonly heapMegabytes: number
  /** Directories that come before the library in the class path. */
  readonly classPath?: readonly string[]
  /** `-Dname=value` and the like. */
  readonly jvmFlags?: readonly string[] | undefined
}

/** The command line of a Java program that should start soon rather than run fast. */
export async function javaCommandLine(program: JavaProgram): Promise<readonly [string, ...string[]]> {
  const classPath = [...(program.classPath ?? []), join(program.library, '*')].join(':')
  const stock = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto', `-Xmx${program.heapMegabytes}m`]
  const flags = [...stock, await log4jFlag(program.home), ...(program.jvmFlags ?? [])]
  return ['java', ...flags, '-cp', classPath, program.mainClass, ...(program.args ?? [])]
}

function pom(dependencies: readonly Dependency[]): string {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>tskeeper</groupId><artifactId>application</artifactId><version>1</version>
<packaging>pom</packaging>
<dependencies>
${dependencies.map(dependencyElement).join('\n')}
</dependencies>
<build><plugins><plugin>
<groupId>org.apache.maven.plugins</groupId><artifactId>maven-dependency-plugin</artifactId><version>2.8</version><executions>
<execution><id>needed</id><phase>package</phase><goals><goal>copy-dependencies</goal></goals>
<configuration><outputDirectory>.</outputDirectory></configuration></execution>
</executions></plugin></plugins></build></project>
`
}

function dependencyElement({ name, without = [] }: Dependency): string {
  const [group, id, version] = name.split(':')
  const exclusions = without.map((pattern) => {
    const [excludedGroup, excludedId] = pattern.split(':')
    return `<exclusion><groupId>${excludedGroup}</groupId><artifactId>${excludedId}</artifactId></exclusion>`
  })
  return `<dependency><groupId>${group}</groupId><artifactId>${id}</artifactId><version>${version}</version>
<exclusions>${exclusions.join('')}</exclusions></dependency>`
}
