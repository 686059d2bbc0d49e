// Writes of every kind through one member, sessions closed and expired among them, each with the code that it must be answered with.
import { expect } from 'vitest'
import { Code } from '../../src/protocol/codes.ts'
import { eventually } from '../peers/processes.ts'
import { all, check, create, create2, createContainer, Flags, openAcl, play, remove, setAcl, setData } from '../storage/requests.ts'
import type { Step } from '../storage/requests.ts'
import { askedMulti } from '../wire/raw-session.ts'
import type { Member } from './member.ts'

const SESSION_MS = 10_000
/** The shortest that the configuration allows. */
const SHORT_SESSION_MS = 1_000
const LEAVING_LIMIT_MS = 60_000

const readable = [...openAcl.map(({ id }) => ({ perms: 0b10001, id })), { perms: 0b11111, id: { scheme: 'ip', id: '127.0.0.1' } }]

/** Ephemerals of sessions that nobody holds any more. */
export function isLeft(path: string): boolean {
  return path.includes('/left-')
}

/** The last session is left to expire; its ephemeral goes when it does. */
export async function writeThrough(member: Member, base: string): Promise<void> {
  const session = await member.session(SESSION_MS)
  try {
    await play(session, steps(base))
    await play(session, all(create(`${base}/mine`, '', Flags.ephemeral)))
  } finally {
    await session.close()
  }
  await eventually(`a session is left on ${member.name}`, LEAVING_LIMIT_MS, () => leave(member, base))
}

/** On a slow machine so short a session may be over before it has its node; then its node is gone with it, or never was. */
async function leave(member: Member, base: string): Promise<true | undefined> {
  const left = await member.session(SHORT_SESSION_MS)
  try {
    const [reply] = await left.askUntilEnd([create(`${base}/left-`, '', Flags.ephemeralSequential)])
    if (reply === undefined || reply.header.err === Code.SESSIONEXPIRED) return undefined
    expect(reply.header.err).toBe(Code.OK)
    return true
  } finally {
    left.drop()
  }
}

function steps(base: string): Step[] {
  return [
    ...all(create(base, 'base'), create(`${base}/a`, 'first'), create2(`${base}/b`, null), createContainer(`${base}/c`)),
    ...all(create(`${base}/s-`, '1', Flags.sequential), create(`${base}/s-`, '2', Flags.sequential), setData(`${base}/a`, 'second', 0)),
    [setData(`${base}/a`, 'too late', 0), Code.BADVERSION],
    [create(`${base}/a`), Code.NODEEXISTS],
    [remove(`${base}/none`), Code.NONODE],
    [remove(base), Code.NOTEMPTY],
    ...all(setAcl(`${base}/b`, readable), setData(`${base}/b`, ''), setData(`${base}/c`, Buffer.alloc(3000, 7))),
    [askedMulti([check(`${base}/a`, 1), create(`${base}/m`), setData(`${base}/m`, 'in a multi', 0), remove(`${base}/c`)]), Code.OK],
    [askedMulti([create(`${base}/never`), check(`${base}/a`, 7)]), Code.BADVERSION],
    ...all(remove(`${base}/m`)),
  ]
}
