/**
 * The `-Dname=value` tokens that operators hand to the JVM of a ZooKeeper server in SERVER_JVMFLAGS and JVMFLAGS. A
 * server without a JVM takes the properties that ZooKeeper reads from them and tells once which flags it left out.
 */

export interface JvmFlags {
  readonly properties: ReadonlyMap<string, string>
  /** At most one line. */
  readonly notices: readonly string[]
}

const BARE_NAMES = /^(?:jute\.maxbuffer(?:\.extrasize)?|znode\.container\..*|readonlymode\.enabled|fsync\.warningthresholdms|java\.security\..*)$/
const ALWAYS_ON = /^(?:leader|follower)\.nodelay$/

/** Tokens are parted by blanks, as an unquoted shell variable is; of a name given twice the last counts, JVMFLAGS after SERVER_JVMFLAGS. */
export function readJvmFlags(serverJvmFlags: string | undefined, jvmFlags: string | undefined): JvmFlags {
  const properties = new Map<string, string>()
  const ignored: string[] = []
  for (const token of `${serverJvmFlags ?? ''} ${jvmFlags ?? ''}`.split(/\s+/)) {
    if (token === '') continue
    const match = /^-D([^=]+)(?:=(.*))?$/s.exec(token)
    const name = match?.[1]
    if (name !== undefined && /^(?:zookeeper|tskeeper)\./.test(name)) properties.set(name, match?.[2] ?? '')
    else if (name !== undefined && BARE_NAMES.test(name)) properties.set(name, match?.[2] ?? '')
    else if (name === undefined || !ALWAYS_ON.test(name)) ignored.push(token)
  }
  const notices = ignored.length === 0 ? [] : [`Ignoring flags that only mean something to a JVM: ${ignored.map(hideValue).join(' ')}`]
  return { properties, notices }
}

/** Values of properties may be passwords. */
function hideValue(token: string): string {
  return token.startsWith('-D') ? token.replace(/=.*$/s, '=…') : token
}
