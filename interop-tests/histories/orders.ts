// What must hold of the order of answers, of zxids, and of names with sequence numbers, whatever has happened to the servers.
import type { Answer, Naming } from './history.ts'

/** Faults found in the answers, in the order in which they came. */
export function answerFaults(answers: readonly Answer[]): string[] {
  const faults: string[] = []
  const last = new Map<number, Answer>()
  const writes = new Map<bigint, Answer>()
  for (const answer of answers) {
    const { client, connection, xid, zxid, isWrite } = answer
    const before = last.get(client)
    last.set(client, answer)
    if (before !== undefined && connection === before.connection && xid !== before.xid + 1) faults.push(`${nameOf(answer)} came after ${nameOf(before)}`)
    if (before !== undefined && zxid < before.zxid) faults.push(`${nameOf(answer)}: the zxid goes back, from ${hex(before.zxid)} to ${hex(zxid)}`)
    if (!isWrite) continue
    const other = writes.get(zxid)
    if (other !== undefined) faults.push(`${nameOf(answer)} and ${nameOf(other)} have the same zxid, ${hex(zxid)}`)
    writes.set(zxid, answer)
    if (before !== undefined && zxid === before.zxid) faults.push(`${nameOf(answer)}: a write with the zxid that was seen before it, ${hex(zxid)}`)
  }
  return faults
}

/** Faults found in the names that were given out. `there` says which values stand under which names when all is over. */
export function namingFaults(namings: readonly Naming[], there: ReadonlyMap<string, string>): string[] {
  const faults: string[] = []
  const nameByValue = new Map<string, string>()
  for (const [name, value] of there) {
    const other = nameByValue.get(value)
    if (other !== undefined) faults.push(`${value} was applied twice, as ${other} and ${name}`)
    nameByValue.set(value, name)
  }
  const values = new Set(namings.map(({ value }) => value))
  for (const [value, name] of nameByValue) if (!values.has(value)) faults.push(`${name} holds ${value}, which nobody has asked for`)
  for (const { value, name } of namings) {
    if (name !== undefined && there.get(name) !== value) faults.push(`${value} was acknowledged as ${name} and is lost`)
  }
  return [...faults, ...orderFaults(namings, nameByValue), ...gapFaults(namings, nameByValue)]
}

/** Numbers ascend with time, and with each client's requests. */
function orderFaults(namings: readonly Naming[], nameByValue: ReadonlyMap<string, string>): string[] {
  const faults: string[] = []
  const placed = namings.flatMap((naming, index) => {
    const name = nameByValue.get(naming.value)
    return name === undefined ? [] : [{ naming, index, name }]
  })
  placed.sort((a, b) => (a.name < b.name ? -1 : 1))
  const lastOf = new Map<number, number>()
  let latest = placed[0]
  for (const one of placed) {
    const { client, value, answeredAt } = one.naming
    if (answeredAt < latest.naming.invokedAt)
      faults.push(`${value} is ${one.name}, though it was answered before ${latest.naming.value}, ${latest.name}, was asked for`)
    if (one.naming.invokedAt > latest.naming.invokedAt) latest = one
    if ((lastOf.get(client) ?? -1) > one.index) faults.push(`${value} of client ${client} is ${one.name}, behind what that client asked for later`)
    lastOf.set(client, one.index)
  }
  return faults
}

/** What is lost with a connection are its last requests. */
function gapFaults(namings: readonly Naming[], nameByValue: ReadonlyMap<string, string>): string[] {
  const lost = new Map<string, string>()
  return namings.flatMap(({ client, connection, value }) => {
    const pipeline = `${client}.${connection}`
    if (!nameByValue.has(value)) {
      if (!lost.has(pipeline)) lost.set(pipeline, value)
      return []
    }
    return lost.has(pipeline) ? [`${value} was done, and ${lost.get(pipeline)!} before it on the connection ${pipeline} was not`] : []
  })
}

function nameOf({ client, connection, xid }: Answer): string {
  return `answer ${xid} of client ${client}.${connection}`
}

function hex(zxid: bigint): string {
  return `0x${zxid.toString(16)}`
}
