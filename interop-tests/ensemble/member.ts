// One member of an ensemble of real processes: a place (directory, ports, id) in which our server or a Java server runs, one life after another.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { javaCommand, oracleLibrary, referenceVersion } from '../peers/java.ts'
import { freePort } from '../peers/ports.ts'
import { eventually, startProgram, temporaryDirectory } from '../peers/processes.ts'
import type { Result, RunningProgram } from '../peers/processes.ts'
import { fourLetterWord } from '../peers/server-process.ts'
import { systemProperties } from '../peers/server-under-test.ts'
import type { Kind } from '../peers/server-under-test.ts'
import { tskeeperCommand } from '../peers/tskeeper.ts'
import { RawSession } from '../wire/raw-session.ts'

export type { Kind }
export type Mode = 'leader' | 'follower' | 'observer'

const LIMIT_MS = 60_000

/** What both kinds of learners log when they are told how they will be brought to the leader's history. */
const syncLines = {
  diff: /Getting a diff from the leader/,
  trunc: /Truncating log to get in sync with the leader/,
  snap: /Getting a snapshot from (the )?leader/,
} as const

export type SyncKind = keyof typeof syncLines

/** What a leader of ours logs of it. */
const planLines = { diff: /gets (diff|log)/, trunc: /gets trunc/, snap: /gets snap/ } as const

/** Releases whose logging finds no way out of the jars that they are started with. */
const silentReleases = /^3\.[567]\./

export interface Place {
  readonly id: number
  readonly isObserver: boolean
  readonly directory: string
  readonly clientPort: number
  readonly ports: PeerPorts
}

/** Where other members dial. */
export interface PeerPorts {
  readonly quorum: number
  readonly election: number
}

export async function choosePlace(id: number, isObserver: boolean): Promise<Place> {
  const ports = { quorum: await freePort(), election: await freePort() }
  return { id, isObserver, directory: await temporaryDirectory('member'), clientPort: await freePort(), ports }
}

/** How one member is to reach another: by default where that one is. */
export type Ways = (from: Place, to: Place) => PeerPorts

export interface MemberOptions {
  /** Of a Java server. */
  readonly version?: string | undefined
  /** System properties, the way each kind of server takes them. */
  readonly properties?: Readonly<Record<string, string>> | undefined
  /** Lines of zoo.cfg, added to (or replacing) those for tests. */
  readonly config?: Readonly<Record<string, string>> | ((place: Place) => Readonly<Record<string, string>>) | undefined
  readonly ways?: Ways | undefined
  /** A second host of each member, with the same ports. */
  readonly alsoAt?: string | undefined
  /** What a server of ours is started with besides. */
  readonly launch?: ((place: Place) => Launch) | undefined
  /** Starts our server with a configuration file; default as an operator does. */
  readonly command?: ((configFile: string) => readonly string[]) | undefined
}

export interface Launch {
  readonly nodeFlags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export class Member {
  readonly place: Place
  /** What runs here, or ran last. */
  kind: Kind
  readonly #configFile: string
  readonly #version: string
  readonly #launch: Launch
  readonly #command: (configFile: string) => readonly string[]
  readonly #properties: readonly string[]
  #program: RunningProgram | undefined

  private constructor(place: Place, kind: Kind, configFile: string, options: MemberOptions) {
    this.place = place
    this.kind = kind
    this.#launch = options.launch?.(place) ?? {}
    this.#properties = systemProperties(options.properties)
    this.#configFile = configFile
    this.#version = options.version ?? referenceVersion
    this.#command = options.command ?? ((file) => tskeeperCommand('start-foreground', file))
  }

  /** Writes the configuration, which every life has in common. */
  static async prepare(place: Place, kind: Kind, places: readonly Place[], options: MemberOptions): Promise<Member> {
    const { config, ways = (_from, to) => to.ports, alsoAt } = options
    const dataDir = join(place.directory, 'data')
    await mkdir(dataDir, { recursive: true })
    await writeFile(join(dataDir, 'myid'), String(place.id))
    const servers = places.map((other) => {
      const { quorum, election } = other === place ? place.ports : ways(place, other)
      const hosts = alsoAt === undefined ? ['127.0.0.1'] : [alsoAt, '127.0.0.1']
      const role = other.isObserver ? ':observer' : ''
      return [`server.${other.id}`, hosts.map((host) => `${host}:${quorum}:${election}${role}`).join('|')]
    })
    const settings = {
      tickTime: '500',
      initLimit: '20',
      syncLimit: '8',
      maxSessionTimeout: '40000',
      dataDir,
      clientPort: String(place.clientPort),
      clientPortAddress: '127.0.0.1',
      'admin.enableServer': 'false',
      '4lw.commands.whitelist': '*',
      maxClientCnxns: '0',
      preAllocSize: '64',
      ...(place.isObserver && { peerType: 'observer' }),
      ...(typeof config === 'function' ? config(place) : config),
      ...Object.fromEntries(servers),
    }
    const configFile = join(place.directory, 'zoo.cfg')
    await writeFile(
      configFile,
      Object.entries(settings)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(''),
    )
    return new Member(place, kind, configFile, options)
  }

  get name(): string {
    return `member ${this.place.id} (${this.kind})`
  }

  get port(): number {
    return this.place.clientPort
  }

  get dataDirectory(): string {
    return join(this.place.directory, 'data', 'version-2')
  }

  get isRunning(): boolean {
    return this.#program !== undefined && !this.#program.hasEnded()
  }

  /** Starts the process; it may be long before it serves. */
  async start(kind: Kind = this.kind): Promise<void> {
    if (this.isRunning) throw new Error(`${this.name} runs`)
    this.kind = kind
    const [program, ...args] = kind === 'ours' ? this.#ourCommand() : await this.#javaCommand()
    const env = { ...(this.#properties.length > 0 && { SERVER_JVMFLAGS: this.#properties.join(' ') }), ...this.#launch.env }
    this.#program = startProgram(program, args, { cwd: this.place.directory, env })
  }

  #ourCommand(): string[] {
    const [node, ...args] = this.#command(this.#configFile)
    return [node, ...(this.#launch.nodeFlags ?? []), ...args]
  }

  async #javaCommand(): Promise<string[]> {
    const library = await oracleLibrary(this.#version)
    const jvmFlags = ['-Xmx256m', '-DZK_LOG=INFO', '-Dzookeeper.preAllocSize=64', ...this.#properties]
    return javaCommand(library, 'org.apache.zookeeper.server.quorum.QuorumPeerMain', [this.#configFile], { jvmFlags })
  }

  /** Of this life alone. */
  log(): string {
    return this.#program?.output() ?? ''
  }

  /** Undefined while it serves nobody. */
  async mode(): Promise<Mode | undefined> {
    const answer = this.isRunning ? await fourLetterWord(this.port, 'srvr', 2000).catch(() => '') : ''
    return /^Mode: (leader|follower|observer)$/m.exec(answer)?.[1] as Mode | undefined
  }

  async serves(): Promise<Mode> {
    return await eventually(`${this.name} serves`, LIMIT_MS, async () => (await this.mode()) ?? this.#mustRun()).catch((error: Error) => {
      throw new Error(`${error.message}; it wrote:\n${this.log().slice(-6000)}`, { cause: error })
    })
  }

  /** Starts it as a learner of that leader and sees in a log in which way it is brought to the leader's history. */
  async startBehind(leader: Member, how: SyncKind): Promise<void> {
    const before = leader.log().length
    await this.start()
    const isSilent = this.kind === 'java' && silentReleases.test(this.#version)
    if (!isSilent) await this.#says(syncLines[how], 0)
    else if (leader.kind === 'ours') await leader.#says(planLines[how], before)
    await this.serves()
  }

  /** Waits for a line of its log, behind what it held before. */
  async #says(pattern: RegExp, before: number): Promise<void> {
    await eventually(`${this.name} says ${pattern}`, LIMIT_MS, () => (pattern.test(this.log().slice(before)) ? true : this.#mustRun())).catch(
      (error: Error) => {
        throw new Error(`${error.message}; it wrote:\n${this.log().slice(-6000)}`, { cause: error })
      },
    )
  }

  #mustRun(): undefined {
    if (!this.isRunning) throw new Error(`${this.name} has ended`)
    return undefined
  }

  /** A new session, as soon as the member can have one: it may not know yet that its leader is gone. */
  async session(timeoutMs: number): Promise<RawSession> {
    return await eventually(`${this.name} opens a session`, LIMIT_MS, () => RawSession.open(this.port, { timeoutMs }).catch(() => this.#mustRun()))
  }

  /** Of the last txn that it has applied. */
  async zxid(): Promise<string | undefined> {
    return /^Zxid: (0x[0-9a-f]+)$/m.exec(await fourLetterWord(this.port, 'srvr').catch(() => ''))?.[1]
  }

  /** In this life. */
  get wasSentSnapshot(): boolean {
    return syncLines.snap.test(this.log())
  }

  /** Undefined where the release knows no digests. */
  async digestMismatches(): Promise<number | undefined> {
    const count = /^zk_digest_mismatches_count\s+(\d+)/m.exec(await fourLetterWord(this.port, 'mntr'))?.[1]
    return count === undefined ? undefined : Number(count)
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#program?.signal(name)
  }

  /** Waits for an end that nobody asked for. */
  async ends(): Promise<Result> {
    const program = this.#program!
    return await eventually(`${this.name} ends`, LIMIT_MS, () => (program.hasEnded() ? program.ended : undefined))
  }

  /** The lines of its configuration file as it is now: a Java server may have written it anew. */
  async configLines(): Promise<string[]> {
    return (await readFile(this.#configFile, 'utf8')).split('\n').filter((line) => line !== '')
  }

  /** For the lives to come. */
  async writeConfig(lines: readonly string[]): Promise<void> {
    await writeFile(this.#configFile, lines.map((line) => `${line}\n`).join(''))
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#program?.kill()
  }

  /** SIGTERM, as the commands of both kinds stop a server. */
  async stop(): Promise<void> {
    await this.#program?.stop()
  }

  /** As if its disk had been replaced: only myid stays. */
  async forgetData(): Promise<void> {
    await rm(this.dataDirectory, { recursive: true, force: true })
  }
}
