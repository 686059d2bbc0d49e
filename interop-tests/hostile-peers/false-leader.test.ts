// A leader that is none: somebody sits at the ports of the third server of three, is elected with a history that nobody has, and talks nonsense to those
// who follow. They leave it each time; when it is gone, they have a leader of their own at once, and the true third server comes back to them.
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { LEADERINFO_EPOCHS, nonsense } from './nonsense.ts'
import { Ensemble } from '../ensemble/ensemble.ts'
import type { Member } from '../ensemble/member.ts'
import { writeThrough } from '../ensemble/workload.ts'
import { eventually } from '../peers/processes.ts'
import { RawPeer } from './raw-peer.ts'
import { initial, notification } from './words.ts'

const FIRST_EPOCH = 40n
/** More than the members take by themselves before they are started again. */
const EPOCHS_OF_A_LIFE = 20n
const SELF = 3n
const VOTE_INTERVAL_MS = 50
/** In one life they follow the impostor three times and more. */
const MOST_LIVES = 30
const AGREEMENT_LIMIT_MS = 60_000

let ensemble: Ensemble | undefined
let impostor: FalseLeader | undefined

afterEach(async () => {
  impostor?.end()
  await ensemble?.end()
  ensemble = undefined
})

/** Stands for election in ever newer rounds, and says to each that follows one thing of a list. */
class FalseLeader {
  /** How many have come to follow, and said so. */
  followers = 0
  /** Each follower hears the next of them. */
  sayings: readonly (readonly Buffer[])[]
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #timer: NodeJS.Timeout
  readonly #voters: readonly Member[]
  #peers: RawPeer[] = []
  #round = 100n
  #isOver = false

  private constructor(server: Server, voters: readonly Member[], sayings: readonly (readonly Buffer[])[]) {
    this.#server = server
    this.#voters = voters
    this.sayings = sayings
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => this.#sockets.delete(socket))
      let saying: Buffer[] | undefined
      // One thing whenever the follower has said something, and then nothing.
      socket.on('data', () => {
        saying ??= [...this.sayings[this.followers++ % this.sayings.length]]
        const next = saying.shift()
        if (next !== undefined) socket.write(next)
        else setTimeout(() => socket.destroy(), 20)
      })
    })
    this.#timer = setInterval(() => this.#stand(), VOTE_INTERVAL_MS)
  }

  static async sit(member: Member, voters: readonly Member[], sayings: readonly (readonly Buffer[])[]): Promise<FalseLeader> {
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(member.place.ports.quorum, '127.0.0.1', resolve)
    })
    return new FalseLeader(server, voters, sayings)
  }

  #stand(): void {
    this.#round++
    const vote = { leader: SELF, zxid: 1n << 50n, electionEpoch: this.#round, peerEpoch: 1n << 18n }
    for (const [index, { place }] of this.#voters.entries()) {
      const peer = this.#peers[index]
      if (peer !== undefined && !peer.isClosed) peer.say(notification(vote))
      else {
        void RawPeer.open(place.ports.election).then(
          (opened) => {
            if (this.#isOver) return opened.drop()
            opened.say(initial(SELF, `127.0.0.1:${place.ports.election}`))
            this.#peers[index]?.drop()
            this.#peers[index] = opened
          },
          () => undefined,
        )
      }
    }
  }

  end(): void {
    this.#isOver = true
    clearInterval(this.#timer)
    for (const peer of this.#peers) peer.drop()
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}

it('is left, whatever it says, and harms nobody for good', async () => {
  const members = (ensemble = await Ensemble.start({ voters: ['ours', 'ours', 'ours'], config: { initLimit: '4', syncLimit: '4' } }))
  const [first, second, third] = members.members as [Member, Member, Member]
  await writeThrough(first, '/before')
  await members.agree()
  await Promise.all(members.members.map((member) => member.kill()))
  const saidInAll = nonsense(FIRST_EPOCH).length
  impostor = await FalseLeader.sit(third, [first, second], nonsense(FIRST_EPOCH))
  let logs = ''
  // A follower that hears the next vote of the impostor before it hears its word leaves unheard: what is to be seen in a log is said until it is.
  const isEnough = (): boolean => impostor!.followers >= saidInAll && LEADERINFO_EPOCHS.every((line) => logs.includes(line))
  for (let life = 0n; !isEnough() && life < MOST_LIVES; life++) {
    const sayings = nonsense(FIRST_EPOCH + life * EPOCHS_OF_A_LIFE)
    impostor.sayings = impostor.followers < saidInAll ? sayings : sayings.slice(0, LEADERINFO_EPOCHS.length)
    await Promise.all([first.start(), second.start()])
    // A member does without a leader that has let it down twice: in each life they come to serve, although the impostor stands for election.
    await Promise.all([first.serves(), second.serves()])
    logs += `${first.log()}${second.log()}`
    if (!isEnough()) await Promise.all([first.kill(), second.kill()])
  }
  impostor.end()
  expect(impostor.followers).toBeGreaterThanOrEqual(saidInAll)
  for (const line of LEADERINFO_EPOCHS) expect(logs).toContain(line)
  // Asked one after the other: an election may lie between the answers.
  await eventually('one leads and the other follows', AGREEMENT_LIMIT_MS, async () => {
    const modes = [await first.serves(), await second.serves()]
    return modes.includes('leader') && modes.includes('follower') ? true : undefined
  })
  await writeThrough(first, '/between')
  await third.start()
  expect(await third.serves()).toBe('follower')
  await writeThrough(third, '/after')
  const { nodes } = await members.agree()
  const paths = nodes.map(({ path }) => path)
  for (const path of ['/before', '/between', '/after']) expect(paths).toContain(path)
})
