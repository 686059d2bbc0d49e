// Beside Java servers with reconfigEnabled=true: the version that they give the configuration is ours as well, so that each kind leads the other, and
// a change of the members through a Java leader ends our members before it can split the ensemble. TSK_ENSEMBLE_LONG=1 does it with every release.
import { afterEach, describe, expect, it } from 'vitest'
import { GetDataRequest, ReconfigRequest } from '../../src/jute/generated/proto.ts'
import type { GetDataResponse } from '../../src/jute/generated/proto.ts'
import { Code, OpCode } from '../../src/protocol/codes.ts'
import { needPeer } from '../peers/peers.ts'
import { freePort } from '../peers/ports.ts'
import { eventually } from '../peers/processes.ts'
import { all, codeOf, create, play, setData } from '../storage/requests.ts'
import type { Reply } from '../wire/messages.ts'
import { asked } from '../wire/raw-session.ts'
import { Ensemble } from './ensemble.ts'
import type { EnsembleOptions } from './ensemble.ts'
import type { Member } from './member.ts'
import { writeThrough } from './workload.ts'

const isLong = process.env['TSK_ENSEMBLE_LONG'] === '1'
const java = await needPeer('java')

const SESSION_MS = 10_000
const LIMIT_MS = 30_000
const DYNAMIC = { reconfigEnabled: 'true', skipACL: 'yes' } as const
/** Given by the leader of epoch 1. */
const FIRST_VERSION = '100000000'

let ensemble: Ensemble | undefined

afterEach(async () => {
  await ensemble?.end()
  ensemble = undefined
})

async function begin(options: EnsembleOptions): Promise<Ensemble> {
  return (ensemble = await Ensemble.start({ config: DYNAMIC, ...options }))
}

/** What clients are told that the configuration is, its lines in order. */
async function configOf(member: Member): Promise<{ readonly members: string[]; readonly version: string }> {
  const session = await member.session(SESSION_MS)
  try {
    const lines = textOf(await session.ask(asked(OpCode.getData, GetDataRequest, { path: '/zookeeper/config', watch: false }))).split('\n')
    return { members: lines.slice(0, -1).sort(), version: lines.at(-1)!.replace('version=', '') }
  } finally {
    await session.close()
  }
}

/** All members that run say so, once it has come to them. */
async function expectConfig({ running }: Ensemble, version: string): Promise<void> {
  const { members } = await configOf(running[0])
  for (const member of running) {
    await eventually(`${member.name} has version ${version}`, LIMIT_MS, async () => ((await configOf(member)).version === version ? true : undefined))
    expect([member.name, await configOf(member)]).toEqual([member.name, { members, version }])
  }
}

/** Its code, and the version that came of it. */
async function reconfigure(member: Member, members: readonly string[]): Promise<{ readonly code: number; readonly version: string | undefined }> {
  const session = await member.session(SESSION_MS)
  const change = { joiningServers: null, leavingServers: null, newMembers: members.join('\n'), curConfigId: -1n }
  const [reply] = await session.askUntilEnd([asked(OpCode.reconfig, ReconfigRequest, change)])
  session.drop()
  if (reply === undefined) return { code: Code.CONNECTIONLOSS, version: undefined }
  return { code: codeOf(reply), version: /^version=(.*)$/m.exec(textOf(reply))?.[1] }
}

/** Of the data in an answer; empty where it is none. */
function textOf({ body }: Reply): string {
  return body.kind === 'record' ? Buffer.from((body.record as GetDataResponse).data ?? []).toString() : ''
}

async function writeAll({ running }: Ensemble, base: string): Promise<void> {
  await Promise.all(running.map((member) => writeThrough(member, `${base}-${member.place.id}`)))
}

/** Its configuration as an operator writes it, without what Java has put aside in another file. */
async function giveMembers(member: Member, members: readonly string[]): Promise<void> {
  const lines = await member.configLines()
  await member.writeConfig([...lines.filter((line) => !/^(server|dynamicConfigFile|version|peerType)\b/.test(line)), ...members])
}

describe.skipIf(java === undefined)('the version of the configuration', () => {
  it.each(isLong ? ['3.9.6', '3.8.6', '3.7.2', '3.6.4', '3.5.10'] : ['3.9.6', '3.5.10'])(
    'is that of Java %s: ours leads it, and the other way round',
    async (version) => {
      if ((await needPeer(version === '3.9.6' ? 'java' : `java-${version}`)) === undefined) return
      const members = await begin({ voters: ['java', 'java', 'java'], observer: 'ours', version })
      await expectConfig(members, FIRST_VERSION)
      const [first, second, third] = members.members as [Member, Member, Member]
      await second.stop()
      // Java has taken the members out of it.
      expect(await second.configLines()).toContainEqual(expect.stringMatching(/^dynamicConfigFile=.*\.dynamic\.100000000$/))
      await second.start('ours')
      await second.serves()
      await writeAll(members, '/before')

      await third.kill()
      expect((await members.leader()).name).toBe(second.name)
      await members.allServe()
      await writeAll(members, '/led-by-ours')
      await expectConfig(members, FIRST_VERSION)
      await third.start()
      expect(await third.serves()).toBe('follower')
      await members.agree()
      await expectConfig(members, FIRST_VERSION)

      // The third has the highest id and as much as the others.
      await second.kill()
      expect((await members.leader()).name).toBe(third.name)
      await second.start()
      await members.allServe()
      expect(await first.mode()).toBe('follower')
      await expectConfig(members, FIRST_VERSION)
      await members.agree()
    },
  )

  it('is given by a leader of ours as by a Java leader, and found again by both', async () => {
    const members = await begin({ voters: ['ours', 'java', 'ours'], observer: 'java' })
    await expectConfig(members, FIRST_VERSION)
    await writeAll(members, '/first')
    await Promise.all(members.members.map((member) => member.stop()))
    await Promise.all(members.members.map((member) => member.start()))
    await members.allServe()
    await expectConfig(members, FIRST_VERSION)
    await members.agree()
  })

  it('keeps no leader of ours from Java voters, had it no reconfigEnabled itself', async () => {
    const members = await begin({ voters: ['java', 'java', 'java'] })
    const [, second, third] = members.members as [Member, Member, Member]
    const lines = (await second.configLines()).filter((line) => !/^(reconfigEnabled|dynamicConfigFile)=/.test(line))
    const { members: servers } = await configOf(second)
    await second.stop()
    await second.writeConfig([...lines, ...servers])
    await second.start('ours')
    await second.serves()
    await third.kill()
    expect((await members.leader()).name).toBe(second.name)
    await members.allServe()
    await writeAll(members, '/led-by-ours')
  })
})

describe.skipIf(java === undefined)('a reconfiguration through a Java leader', () => {
  it('that changes the version only is a txn as any other to our follower and our observer', async () => {
    const members = await begin({ voters: ['ours', 'java', 'java'], observer: 'ours' })
    const { members: servers } = await configOf(members.member(3))
    const { code, version } = await reconfigure(members.member(3), servers)
    expect([code, version]).toEqual([Code.OK, expect.stringMatching(/^1[0-9a-f]{8}$/)])
    await expectConfig(members, version!)
    await writeAll(members, '/after')
    await members.agree()
    await members.member(3).kill()
    await members.allServe()
    await members.member(1).kill()
    await members.member(1).start()
    await members.allServe()
    await expectConfig(members, version!)
    await members.agree()
  })

  const changes: readonly (readonly [what: string, change: (servers: readonly string[], port: number) => readonly string[], says: RegExp])[] = [
    ['an observer more', (servers, port) => [...servers, `server.9=127.0.0.1:${port}:${port + 1}:observer;127.0.0.1:${port + 2}`], /server\.9 is new/],
    ['a voter less', (servers) => servers.filter((line) => !line.startsWith('server.1=')), /server\.1 is gone/],
    [
      'an observer of a voter',
      (servers) => servers.map((line) => (line.startsWith('server.1=') ? line.replace('participant', 'observer') : line)),
      /server\.1 is observer, not participant/,
    ],
    [
      'another port',
      (servers, port) => servers.map((line) => (line.startsWith('server.1=') ? line.replace(/:\d+:participant/, `:${port}:participant`) : line)),
      /server\.1 is at .*, not at/,
    ],
  ]

  it.each(isLong ? changes : changes.slice(0, 3))(
    'that makes %s ends our follower and our observer for good, until they have the same lines',
    async (_what, change, says) => {
      const members = await begin({ voters: ['ours', 'java', 'java'], observer: 'ours' })
      const ours = [members.member(1), members.member(4)]
      const { members: servers } = await configOf(members.member(3))
      await writeAll(members, '/before')
      const changed = change(servers, await freePort())
      expect((await reconfigure(members.member(3), changed)).code).toBe(Code.OK)
      for (const member of ours) {
        expect([member.name, (await member.ends()).code]).toEqual([member.name, 2])
        expect(lastWords(member)).toMatch(says)
        for (const line of changed) expect(lastWords(member)).toContain(line)
      }
      const session = await members.member(2).session(SESSION_MS)
      await play(session, all(create('/by-the-new-members')))
      await session.close()

      for (const member of ours) {
        await member.start()
        expect([member.name, (await member.ends()).code]).toEqual([member.name, 2])
        expect(lastWords(member)).toMatch(says)
      }
      if (!changed.some((line) => line.startsWith('server.1='))) ours.shift()
      for (const member of ours) {
        await giveMembers(member, changed)
        await member.start()
        await member.serves()
      }
      await members.agree()
    },
  )

  /** Three of five would be enough by the new members, two of three by the old ones. */
  it('splits nothing: those of our members that have not agreed elect nobody by the old ones', async () => {
    const members = await begin({ voters: ['ours', 'ours', 'java'] })
    const [first, second, third] = members.members as [Member, Member, Member]
    const ports = [await freePort(), await freePort()]
    const { members: servers } = await configOf(third)
    const before = await third.session(SESSION_MS)
    await play(before, all(create('/x', 'before')))
    before.drop()
    const changed = [
      ...servers,
      ...[4, 5].map((id, index) => `server.${id}=127.0.0.1:${ports[index]}:${ports[index] + 1}:participant;127.0.0.1:${ports[index] + 2}`),
    ]
    expect((await reconfigure(third, changed)).code).not.toBe(Code.OK)
    for (const member of [first, second]) expect([member.name, (await member.ends()).code]).toEqual([member.name, 2])
    await third.kill()
    await Promise.all([first, second].map((member) => member.start()))
    for (const member of [first, second]) expect([member.name, (await member.ends()).code]).toEqual([member.name, 2])

    // What the last line asks for carries the change through: they are three of the five now.
    for (const member of [first, second]) await giveMembers(member, changed)
    await Promise.all(members.members.map((member) => member.start()))
    await members.allServe()
    const after = await first.session(SESSION_MS)
    await play(after, all(setData('/x', 'after', 0)))
    await after.close()
    await members.agree()
    expect((await configOf(first)).members).toEqual((await configOf(third)).members)
  })

  it('is refused by a leader of ours, and by a follower of ours whoever leads', async () => {
    const members = await begin({ voters: ['java', 'java', 'ours'] })
    const { members: servers } = await configOf(members.member(3))
    const changed = servers.filter((line) => !line.startsWith('server.1='))
    for (const id of [3, 1]) expect([id, (await reconfigure(members.member(id), changed)).code]).toEqual([id, Code.RECONFIGDISABLED])
    await members.member(3).kill()
    await members.allServe()
    await members.member(3).start()
    expect(await members.member(3).serves()).toBe('follower')
    expect((await reconfigure(members.member(3), changed)).code).toBe(Code.RECONFIGDISABLED)
    await writeAll(members, '/after')
    await members.agree()
  })
})

/** The last line but for what is said of the exit code. */
function lastWords(member: Member): string {
  return (
    member
      .log()
      .trimEnd()
      .split('\n')
      .filter((line) => /The ensemble has a membership/.test(line))
      .at(-1) ?? ''
  )
}
