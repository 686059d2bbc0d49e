// A client that does nothing out of the ordinary beside others that do: it writes and reads below a node of its own, knows what every answer must
// be, holds each against that, and remembers how long it took.
import type { ACL } from '../../src/jute/generated/data.ts'
import { ExistsRequest, GetChildrenRequest, GetDataRequest } from '../../src/jute/generated/proto.ts'
import type { CreateResponse, GetChildrenResponse, GetDataResponse, SetDataResponse } from '../../src/jute/generated/proto.ts'
import { Code, OpCode } from '../../src/protocol/codes.ts'
import { check, create, remove, setData } from '../storage/requests.ts'
import type { Reply } from '../wire/messages.ts'
import { asked, askedMulti, RawSession } from '../wire/raw-session.ts'
import type { Asked } from '../wire/raw-session.ts'

const SESSION_MS = 60_000
const CHILDREN = 8

export class NormalClient {
  readonly session: RawSession
  /** Milliseconds that each answer has taken. */
  readonly latencies: number[] = []
  readonly #base: string
  #version = 0
  readonly #children = new Set<string>()
  #text = ''
  #isStopping = false
  #running: Promise<void> | undefined

  private constructor(session: RawSession, base: string) {
    this.session = session
    this.#base = base
  }

  /** With a node that nobody else may touch. */
  static async open(port: number, base: string, credentials: string): Promise<NormalClient> {
    const session = await RawSession.open(port, { timeoutMs: SESSION_MS })
    await session.addDigest(credentials)
    const client = new NormalClient(session, base)
    const own: ACL[] = [{ perms: 31, id: { scheme: 'auth', id: '' } }]
    await client.#expect(create(base, '', 0, own), Code.OK)
    return client
  }

  /** Goes on, one request after the other, until `stop`. */
  start(): void {
    this.#running = this.#run()
    // Whoever calls `stop` is told; until then it is nobody's business.
    this.#running.catch(() => undefined)
  }

  /** Throws what was wrong, if anything was. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#running
  }

  /** The latency that so many of 100 stay below, of those since the index; milliseconds. */
  percentile(percent: number, since = 0): number {
    const sorted = this.latencies.slice(since).sort((a, b) => a - b)
    return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN
  }

  async #run(): Promise<void> {
    for (let round = 0; !this.#isStopping; round++) await this.#round(round)
  }

  async #round(round: number): Promise<void> {
    const base = this.#base
    const text = `round ${round}`
    const { stat } = record<SetDataResponse>(await this.#expect(setData(base, text, this.#version), Code.OK))
    this.#version++
    this.#text = text
    this.#mustBe(stat.version, this.#version)
    await this.#expect(setData(base, 'too late', this.#version - 1), Code.BADVERSION)
    await this.#readBack()

    const child = `child-${round % CHILDREN}`
    const path = `${base}/${child}`
    if (this.#children.has(child)) {
      await this.#expect(askedMulti([check(base, this.#version), remove(path)]), Code.OK)
      this.#children.delete(child)
      await this.#expect(asked(OpCode.exists, ExistsRequest, { path, watch: false }), Code.NONODE)
    } else {
      const { path: made } = record<CreateResponse>(await this.#expect(create(path, child), Code.OK))
      this.#mustBe(made, path)
      this.#children.add(child)
      await this.#expect(create(path, child), Code.NODEEXISTS)
    }
    const { children } = record<GetChildrenResponse>(await this.#expect(asked(OpCode.getChildren, GetChildrenRequest, { path: base, watch: false }), Code.OK))
    this.#mustBe([...children!].sort().join(), [...this.#children].sort().join())
  }

  async #readBack(): Promise<void> {
    const { data, stat } = record<GetDataResponse>(await this.#expect(asked(OpCode.getData, GetDataRequest, { path: this.#base, watch: false }), Code.OK))
    this.#mustBe(Buffer.from(data!).toString(), this.#text)
    this.#mustBe(stat.version, this.#version)
    this.#mustBe(stat.numChildren, this.#children.size)
  }

  async #expect(request: Asked, code: Code): Promise<Reply> {
    const begin = performance.now()
    const reply = await this.session.ask(request)
    this.latencies.push(performance.now() - begin)
    this.#mustBe(reply.header.err, code)
    return reply
  }

  #mustBe<T>(seen: T, due: T): void {
    if (seen !== due) throw new Error(`after ${this.latencies.length} answers a normal client was told ${String(seen)} where ${String(due)} is true`)
  }
}

function record<T>(reply: Reply): T {
  if (reply.body.kind !== 'record') throw new Error('an answer without a body')
  return reply.body.record as T
}
