/** What a sync promises: who reads behind it sees every write that anybody was told of before it was asked for. */
import { isWrite } from './actions.ts'
import type { Answer } from './actions.ts'
import type { Asked, SimClient } from './sim-client.ts'
import { Violation } from './world.ts'

interface Pledge {
  /** Of the sync that is under way, by xid: the last write acknowledged to anybody when it was asked for. */
  readonly asked: Map<number, bigint>
  /** Whatever is answered from now on is not older. */
  floor: bigint
}

export class SyncBook {
  #acknowledged = 0n
  readonly #clients = new Map<SimClient, Pledge>()

  onAsked(client: SimClient, { xid, action }: Asked): void {
    if (action.kind === 'sync') this.#of(client).asked.set(xid, this.#acknowledged)
  }

  onAnswered(client: SimClient, { xid, action }: Asked, zxid: bigint, { err }: Answer): void {
    const pledge = this.#of(client)
    if (zxid < pledge.floor) throw new Violation(`${client.name} has synced, and is answered at zxid ${zxid}: ${pledge.floor} was acknowledged before`)
    if (isWrite(action) && zxid > this.#acknowledged) this.#acknowledged = zxid
    const floor = pledge.asked.get(xid)
    pledge.asked.delete(xid)
    if (floor !== undefined && err === 0 && floor > pledge.floor) pledge.floor = floor
  }

  onDisconnected(client: SimClient): void {
    this.#clients.delete(client)
  }

  #of(client: SimClient): Pledge {
    let pledge = this.#clients.get(client)
    if (pledge === undefined) {
      pledge = { asked: new Map(), floor: 0n }
      this.#clients.set(client, pledge)
    }
    return pledge
  }
}
