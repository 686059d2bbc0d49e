// What operators are shown of the members of an ensemble: the four-letter words of our leader, follower and observer have the same lines as those
// of Java servers that have done the same.
import { afterEach, describe, expect, it } from 'vitest'
import { needPeer } from '../peers/peers.ts'
import { fourLetterWord } from '../peers/server-process.ts'
import { Ensemble } from './ensemble.ts'
import type { Kind, Member } from './member.ts'
import { writeThrough } from './workload.ts'

const java = await needPeer('java')

const WORDS = ['srvr', 'stat', 'conf', 'cons', 'dump', 'wchs', 'isro', 'ruok', 'dirs', 'gtmk', 'mntr'] as const

let ensemble: Ensemble | undefined

afterEach(async () => {
  await ensemble?.end()
  ensemble = undefined
})

/** With one session through each member, and what differs from run to run taken out. */
async function shapes(kind: Kind): Promise<Record<string, string[]>> {
  const members = (ensemble = await Ensemble.start({ voters: [kind, kind, kind], observer: kind }))
  await Promise.all(members.members.map((member) => writeThrough(member, `/through-${member.place.id}`)))
  await members.agree()
  const sessions = await Promise.all(members.members.map((member) => member.session(10_000)))
  const found: Record<string, string[]> = {}
  for (const member of members.members) {
    for (const word of WORDS) found[`${word} of ${member.place.id}`] = await shapeOf(member, word)
  }
  for (const session of sessions) await session.close()
  await members.end()
  return found
}

async function shapeOf(member: Member, word: string): Promise<string[]> {
  const text = await fourLetterWord(member.port, word)
  if (word === 'mntr')
    return text
      .split('\n')
      .map((line) => line.split('\t')[0])
      .sort()
  // A ping may have come or not.
  const lines = text.replaceAll(member.place.directory, '').replaceAll('lop=PING', 'lop=SESS').split('\n')
  return lines.map((line) => line.replace(/0x[0-9a-f]+|\b\d+(\.\d+)?\b/g, '#')).filter((line) => !isOfThisRun(line))
}

/** The connection that the word itself came on stands before or behind the other; how many expire together is chance. */
function isOfThisRun(line: string): boolean {
  return /^(Zookeeper version|# expire at | \/#\.#:#\[#\]\(queued=#,recved=#,sent=#\)$)/.test(line)
}

describe.skipIf(java === undefined)('four-letter words', () => {
  it('of a leader, a follower and an observer have the same lines as those of Java servers', async () => {
    const theirs = await shapes('java')
    const ours = await shapes('ours')
    expect(ours).toEqual(theirs)
  })
})
