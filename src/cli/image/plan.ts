/**
 * A plan of what the entry point writes and sets before the server starts. It follows from the environment alone: the variables of the
 * official image `zookeeper`, of `confluentinc/cp-zookeeper` or of `bitnami/zookeeper`.
 */

export interface ImagePlan {
  /** The image whose variables the container was given. */
  readonly image: string
  readonly configFile: string
  /** Lines of the configuration file. */
  readonly config: readonly string[]
  /** Whether the entry point overwrites an existing file. */
  readonly replacesConfig: boolean
  readonly dataDir: string
  /** undefined = none is written. */
  readonly myid: string | undefined
  readonly writesMyid: 'always' | 'when there is none' | 'into an empty directory'
  /** Directories that the entry point makes where they are missing, and gives to the user. */
  readonly directories: readonly string[]
  /** The user of a server in a container that starts as root. */
  readonly user: ImageUser
  /** Variables for the server. */
  readonly serverEnv: Readonly<Record<string, string>>
  /** Remarks on variables that ask for something that this image does not have. */
  readonly remarks: readonly string[]
}

export interface ImageUser {
  readonly uid: number
  readonly gid: number
}

export type Environment = Readonly<Record<string, string | undefined>>

/** The place that a plan is made for. */
export interface ImagePlace {
  /** In front of every path of the image; empty inside a container. */
  readonly root: string
  /** The text of a file; undefined = there is no such file, or it must not be read. */
  readonly readText: (path: string) => string | undefined
}

/** The entry point cannot honour the environment: the message says why it starts no server. */
export class ImageRefused extends Error {}

/** One remark for each unknown variable that is set and matches `beginning`. */
export function unknownVariables(env: Environment, beginning: RegExp, known: (name: string) => boolean, image: string): string[] {
  const names = Object.keys(env).filter((name) => beginning.test(name) && !known(name) && !isServiceLink(name, env[name]!))
  return names.sort().map((name) => `${name}: ${instead.get(name) ?? `not a variable of ${image}; it has no effect`}`)
}

/** Advice on variables that operators set by mistake for others. */
const instead: ReadonlyMap<string, string> = new Map([
  ['ZOO_LOG4J_PROP', 'there is no log4j; ZOO_LOG_LEVEL=WARN sets the level'],
  ['ZOOKEEPER_4LW_COMMANDS_WHITELIST', 'has no effect in cp-zookeeper either; KAFKA_OPTS=-Dzookeeper.4lw.commands.whitelist=… has'],
])

/** Docker's links and Kubernetes set variables named after a service, and one may be called zookeeper. */
export function isServiceLink(name: string, value: string): boolean {
  return /^tcp:\/\//.test(value) || /_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|TCP_(?:ADDR|PORT|PROTO)|ENV_.*|NAME)$/.test(name)
}

export function words(text: string): string[] {
  return text.split(/[ \t\n]+/).filter((word) => word !== '')
}
