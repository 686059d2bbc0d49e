// A client that looks on while others write: it reads their nodes again and again and has watches on them, so that answers and notifications tell of
// writes that are not its own.
import { GetChildren2Request, GetDataRequest } from '../../src/jute/generated/proto.ts'
import { OpCode } from '../../src/protocol/codes.ts'
import { connectRequest, request } from '../wire/messages.ts'
import { RawClient } from '../wire/raw-client.ts'

/** Rounds that are under way at a time. */
const WINDOW = 4

/** What it was told so far. */
export interface Seen {
  reads: number
  notifications: number
}

/** Reads until it is enough or the server goes. */
export async function readAlong(port: number, paths: readonly string[], isEnough: () => boolean, seen: Seen = { reads: 0, notifications: 0 }): Promise<void> {
  const client = await RawClient.open(port)
  client.sendFrames([connectRequest({ protocolVersion: 0, lastZxidSeen: 0n, timeOut: 60_000, sessionId: 0n, passwd: new Uint8Array(16), readOnly: false })])
  await client.next()
  let xid = 0
  const perRound = 2 * paths.length
  const ask = (): void => {
    client.sendFrames(
      paths.flatMap((path) => [
        request((xid += 1), OpCode.getChildren2, GetChildren2Request, { path, watch: true }),
        request((xid += 1), OpCode.getData, GetDataRequest, { path: `${path}/node-0`, watch: true }),
      ]),
    )
  }
  for (let round = 0; round < WINDOW; round++) ask()
  while (!isEnough()) {
    const frame = await client.next()
    if (frame === undefined) break
    const isAnswer = Buffer.from(frame).readInt32BE(0) > 0
    if (!isAnswer) seen.notifications++
    else if ((seen.reads += 1) % perRound === 0) ask()
  }
  client.close()
}
