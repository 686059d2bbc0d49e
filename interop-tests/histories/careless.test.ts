// Servers of ours made careless on purpose: what clients were told gives each of them away. With TSK_HISTORIES_CARELESS=1, not in `make test`.
import { describe, expect, it } from 'vitest'
import type { Kind, Mode } from '../ensemble/member.ts'
import { patchedPackage } from '../peers/patched-package.ts'
import type { Edit } from '../peers/patched-package.ts'
import { PATIENCE_MS, run } from './run.ts'
import { playRound } from './troubles.ts'
import type { TroubleKind } from './troubles.ts'

const ROUNDS = 5
const voters: Kind[] = ['ours', 'ours', 'ours']

interface Carelessness {
  readonly name: string
  readonly edit: Edit
  /** What is to happen at once, again and again. */
  readonly troubles: readonly (readonly [kind: TroubleKind, victim: Mode])[]
  readonly found: RegExp
}

const careless: readonly Carelessness[] = [
  {
    name: 'a sync is answered as any read is',
    edit: { file: 'server/request/request-processor.js', find: 'const hasOwnSync = this.#proposer.sync !== undefined;', replace: 'const hasOwnSync = false;' },
    troubles: [['one direction', 'leader']],
    found: /no order explains/,
  },
  {
    name: 'a leader commits what it alone holds',
    edit: {
      file: 'quorum/zab/proposals.js',
      find: 'this.#config.containsQuorum(this.#proposals[this.#head].acks)',
      replace: 'this.#proposals[this.#head].acks.size > 0',
    },
    troubles: [['cut off', 'leader']],
    found: /no order explains|is lost/,
  },
  {
    name: 'a leader proposes what a learner forwards a second time',
    edit: {
      file: 'quorum/member/leading.js',
      find: 'if (!this.#behindSync.has(source))\n            this.#propose(request, owner);',
      replace:
        'if (!this.#behindSync.has(source))\n            for (let times = request.op.type === 5 ? 2 : 1; times > 0; times--) this.#propose(request, owner);',
    },
    troubles: [['cut one way', 'follower']],
    found: /no order explains/,
  },
  {
    name: 'a read overtakes its own client’s write',
    edit: {
      file: 'server/request/request-processor.js',
      find: 'client !== undefined && (client.waiting.length > 0 || client.telling !== undefined)',
      replace: 'false',
    },
    troubles: [['freeze', 'follower']],
    found: /answer \d+ where \d+ is due/,
  },
]

describe.runIf(process.env['TSK_HISTORIES_CARELESS'] === '1')('found out', () => {
  it.each(careless)('$name', async ({ name, edit, troubles, found }) => {
    const command = await patchedPackage(name, [edit])
    const running = run({ seed: 1, voters, command }, async (scene) => {
      for (let other = 0; other < ROUNDS; other++) {
        const times = { afterMs: 0, forMs: PATIENCE_MS * 1.2 }
        await playRound(scene, { troubles: troubles.map(([kind, victim]) => ({ kind, victim, other, ...times })), isLost: true })
        await scene.served()
      }
    })
    await expect(running).rejects.toThrow(found)
  })
})
