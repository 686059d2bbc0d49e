// One voter that is broken in one way, for ever, and the others, which are a majority and well: they are served, however the broken one
// votes, and whenever they start. Time is that of a clock that tests move.
import { describe, expect, it } from 'vitest'
import type { EnsembleServer } from '../../src/quorum/member/ensemble-server.ts'
import type { Leading } from '../../src/quorum/member/leading.ts'
import type { Role } from '../../src/quorum/member/role.ts'
import type { LearnerHandler } from '../../src/quorum/zab/learner-handler.ts'
import { FakeEnsemble, quorumPortOf } from '../support/fake-ensemble.ts'
import type { Blockade } from '../support/fake-ensemble.ts'

const LIMITS = { tickTime: 500, initLimit: 10, syncLimit: 6 }
const INIT_LIMIT_MS = LIMITS.tickTime * LIMITS.initLimit
/** Each of the others may wait for the broken one once, and with it whoever follows. */
const BOUND_MS = 2 * INIT_LIMIT_MS + 1000
/** Then nothing may move. */
const QUIET_MS = 2 * INIT_LIMIT_MS
/** How much later than the others one of them starts. */
const PAUSES_MS = [0, 1000, 4000, 7500]

interface Breakage {
  readonly name: string
  /** Before it starts. */
  apply?(ensemble: FakeEnsemble, broken: number, others: readonly number[]): void
  /** When it has started. */
  onServer?(server: EnsembleServer): void
}

function onRole(kind: Role['kind'], spoil: (server: EnsembleServer, role: Role) => void): Breakage['onServer'] {
  return (server) => {
    server.onRoleChange = (role) => {
      if (role?.kind === kind && role.phase === 'discovery') spoil(server, role)
    }
  }
}

/** It stores an epoch, and that never comes to an end. */
function hangs(step: 'setAccepted' | 'setCurrent'): Breakage['onServer'] {
  return ({ epochs }) => {
    epochs[step] = () => {
      epochs.whenIdle = () => {}
    }
  }
}

/** As a server whose main thread is stuck while others of it run: it says for ever that it leads. */
function leadsForEver(server: EnsembleServer): void {
  server.leave = () => {}
}

/** It takes whoever comes, and says nothing. */
function saysNothing({ leader }: Leading): void {
  leader.accept = () => ({ onPacket: () => {}, onClosed: () => {} }) as unknown as LearnerHandler
}

/** It names its epoch to whoever comes, and sends him away. */
function sendsAway({ leader }: Leading): void {
  leader.onGreeting = (learner) => {
    learner.sendLeaderInfo(leader.epoch)
    learner.close('it is broken')
  }
}

const asLeader = (spoil: (leading: Leading) => void): Breakage['onServer'] =>
  onRole('leading', (server, role) => {
    leadsForEver(server)
    spoil(role as Leading)
  })

/** Of a server that can be elected, and that no disk or main thread lets lead. */
const LEADS_NOBODY: readonly Breakage[] = [
  { name: 'it never has stored the epoch that it accepts', onServer: hangs('setAccepted') },
  { name: 'it never has stored the epoch that it is in', onServer: hangs('setCurrent') },
  { name: 'its log never is durable once it leads', onServer: onRole('leading', (server) => (server.whenDurable = () => {})) },
  { name: 'it says for ever that it leads, and nothing to those who come', onServer: asLeader(saysNothing) },
  { name: 'it says for ever that it leads, and sends away whoever comes', onServer: asLeader(sendsAway) },
]

function blocked(name: string, which: 'its quorum port' | 'the quorum ports of others' | 'both', how: Blockade): Breakage {
  return {
    name,
    apply: (ensemble, broken, others) => {
      for (const other of others) {
        if (which !== 'the quorum ports of others') ensemble.block(other, broken, 'quorum', how)
        if (which !== 'its quorum port') ensemble.block(broken, other, 'quorum', how)
      }
    },
  }
}

const BREAKAGES: readonly Breakage[] = [
  blocked('its quorum port refuses', 'its quorum port', 'refused'),
  blocked('its quorum port does not answer', 'its quorum port', 'silent'),
  blocked('the quorum ports of others refuse', 'the quorum ports of others', 'refused'),
  blocked('the quorum ports of others do not answer it', 'the quorum ports of others', 'silent'),
  blocked('no quorum port between it and others', 'both', 'refused'),
  blocked('no quorum port answers between it and others', 'both', 'silent'),
  {
    name: 'somebody else has its only quorum port',
    apply: ({ world }, broken) =>
      world.network.listen(
        { host: undefined, port: quorumPortOf(broken) },
        (socket) => socket.end(),
        () => {},
      ),
  },
  {
    name: 'it cannot be dialled on its election port',
    apply: (ensemble, broken, others) => others.forEach((other) => ensemble.block(other, broken, 'election', 'silent')),
  },
  {
    name: 'it cannot dial election ports',
    apply: (ensemble, broken, others) => others.forEach((other) => ensemble.block(broken, other, 'election', 'silent')),
  },
  {
    name: 'it refuses to store an epoch, and looks again',
    onServer: ({ epochs }) => (epochs.setAccepted = (_epoch, done) => done(new Error('the disk is full'))),
  },
  ...LEADS_NOBODY,
  { name: 'its log never is durable', onServer: (server) => (server.whenDurable = () => {}) },
  { name: 'it leaves every leader at once', onServer: onRole('following', (server, role) => server.leave(role, 'it is broken')) },
  { name: 'it leads nobody', onServer: onRole('leading', (server, role) => server.leave(role, 'it is broken')) },
  { name: 'it says that it follows, and never comes', onServer: onRole('following', (_, role) => role.stop('it is broken')) },
  { name: 'it says that it leads, and is not there', onServer: onRole('leading', (_, role) => role.stop('it is broken')) },
  { name: 'it acknowledges no proposal', onServer: onRole('following', (_, role) => (role.onLogged = () => {})) },
]

function start(ensemble: FakeEnsemble, sid: number, breakage: Breakage | undefined): void {
  const member = ensemble.member(sid)
  member.start()
  if (breakage?.onServer === undefined) return
  ensemble.until('it runs', () => member.server !== undefined)
  breakage.onServer(member.server!)
}

function isServed(ensemble: FakeEnsemble, others: readonly number[]): boolean {
  const states = others.map((sid) => ensemble.states[sid])
  return states.every((state) => state.endsWith('broadcast'))
}

/** Nobody that is well looks again, and no epoch begins. */
function staysServed(ensemble: FakeEnsemble, others: readonly number[]): void {
  const [first] = others
  const epoch = ensemble.server(first).epochs.current
  ensemble.world.advance(QUIET_MS)
  expect(isServed(ensemble, others)).toBe(true)
  expect(ensemble.server(first).epochs.current).toBe(epoch)
}

describe.each(BREAKAGES)('$name', (breakage) => {
  it.each([
    [1, 'the lowest id'],
    [3, 'the highest id'],
  ])('and it is %i, with %s: the others serve', (broken) => {
    const others = [1, 2, 3].filter((sid) => sid !== broken)
    for (const pauseMs of PAUSES_MS) {
      for (const late of others) {
        const ensemble = new FakeEnsemble('1 2 3', LIMITS, [])
        breakage.apply?.(ensemble, broken, others)
        start(ensemble, broken, breakage)
        for (const sid of others) if (sid !== late) start(ensemble, sid, undefined)
        ensemble.world.advance(pauseMs)
        start(ensemble, late, undefined)
        ensemble.until(`the others serve when ${late} starts ${pauseMs} ms later`, () => isServed(ensemble, others), BOUND_MS)
        staysServed(ensemble, others)
      }
    }
  })
})

/** All three serve, and the broken one, which has come last, has the newest history. */
function served(broken: number, others: readonly number[]): FakeEnsemble {
  const ensemble = new FakeEnsemble('1 2 3', LIMITS, others)
  ensemble.converge()
  ensemble.member(broken).start()
  ensemble.converge()
  return ensemble
}

/** The leader dies, which elects the broken one, and comes back some time later. */
function elect(ensemble: FakeEnsemble, broken: number, pauseMs: number): void {
  const { leader } = ensemble
  leader!.kill()
  ensemble.until('the broken one is elected', () => ensemble.states[broken].startsWith('leading'))
  ensemble.world.advance(pauseMs)
  leader!.start()
}

describe.each(LEADS_NOBODY)('a voter with the newest history: $name', ({ onServer }) => {
  it.each([
    [1, 'the lowest id'],
    [3, 'the highest id'],
  ])('and it is %i, with %s: the others serve when their leader has died, again and again', (broken) => {
    const others = [1, 2, 3].filter((sid) => sid !== broken)
    for (const pauseMs of PAUSES_MS) {
      const ensemble = served(broken, others)
      onServer!(ensemble.server(broken))
      elect(ensemble, broken, pauseMs)
      ensemble.until(`the others serve when the former leader starts ${pauseMs} ms later`, () => isServed(ensemble, others), BOUND_MS)
      staysServed(ensemble, others)
      const [next] = others.filter((sid) => ensemble.states[sid].startsWith('leading'))
      ensemble.member(next).kill()
      ensemble.world.advance(pauseMs)
      ensemble.member(next).start()
      ensemble.until('the others serve again', () => isServed(ensemble, others), BOUND_MS)
      staysServed(ensemble, others)
    }
  })
})

it.each([0, 1000, 2500])(
  'a leader that served says nothing more to one, %i ms later nothing to the other, and for ever that it leads: the others serve',
  (pauseMs) => {
    const others = [1, 2]
    const ensemble = served(3, others)
    ensemble.until('3 leads', () => {
      if (ensemble.leader?.sid !== 3) ensemble.leader?.kill()
      for (const sid of others) if (ensemble.states[sid] === 'down') ensemble.member(sid).start()
      return ensemble.leader?.sid === 3 && isServed(ensemble, others)
    })
    const leading = ensemble.server(3).role as Leading
    leadsForEver(ensemble.server(3))
    saysNothing(leading)
    for (const sid of others) {
      for (const learner of leading.leader.learners) if (learner.sid === BigInt(sid)) learner.ping = learner.close = () => {}
      ensemble.world.advance(pauseMs)
    }
    ensemble.until('both have lost it', () => !isServed(ensemble, others), BOUND_MS)
    ensemble.until('the others serve', () => isServed(ensemble, others), BOUND_MS)
    staysServed(ensemble, others)
  },
)
