/**
 * The bytes of a notification (FastLeaderElection.buildMsg and WorkerReceiver). What is read comes in the forms of all
 * releases, which are told apart by their length alone; what is written is the form of 3.5 and later.
 */
import { MalformedFrame } from '../../jute/malformed-frame.ts'
import type { JuteReader } from '../../jute/reader.ts'
import { decodeUtf8 } from '../../jute/utf8.ts'
import { JuteWriter } from '../../jute/writer.ts'
import type { Notification, ServerState } from '../zab/vote.ts'

/** In the order of their codes. */
const STATES: readonly ServerState[] = ['looking', 'following', 'leading', 'observing']

/** Up to 3.3: no peerEpoch. */
const LENGTH_WITHOUT_EPOCH = 28
/** 3.4.6 and later 3.4: a version, which nobody reads. */
const LENGTH_WITHOUT_CONFIG = 40
const FIRST_VERSION_WITH_CONFIG = 2

const writer = new JuteWriter()

/** With the length in front, as it goes over a connection. */
export function notificationFrame(notification: Notification): Uint8Array {
  const { state, leader, zxid, electionEpoch, peerEpoch, version, configText } = notification
  writer.reset()
  writer.int(STATES.indexOf(state))
  writer.long(leader)
  writer.long(zxid)
  writer.long(electionEpoch)
  writer.long(peerEpoch)
  writer.int(version)
  writer.ustring(configText ?? '')
  const payload = writer.copy()
  writer.reset()
  writer.buffer(payload)
  return writer.copy()
}

/** Reads to the end of the frame. Throws MalformedFrame for what a Java server ignores too. */
export function readNotification(reader: JuteReader): Notification {
  const length = reader.remaining
  const code = reader.int()
  const leader = reader.long()
  const zxid = reader.long()
  const electionEpoch = reader.long()
  const peerEpoch = length === LENGTH_WITHOUT_EPOCH ? zxid >> 32n : reader.long()
  const version = length === LENGTH_WITHOUT_EPOCH || length === LENGTH_WITHOUT_CONFIG ? 0 : reader.int()
  const configText = version < FIRST_VERSION_WITH_CONFIG ? undefined : readConfigText(reader)
  const state = STATES[code]
  if (state === undefined) throw new MalformedFrame('value', `a server state of ${code}`)
  return { state, leader, zxid, electionEpoch, peerEpoch, version, configText }
}

function readConfigText(reader: JuteReader): string {
  const length = reader.int()
  if (length < 0) throw new MalformedFrame('length', `a configuration of ${length} bytes`)
  const at = reader.advance(length)
  return decodeUtf8(reader.bytes, at, at + length)
}
