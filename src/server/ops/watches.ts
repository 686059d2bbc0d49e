/** addWatch, checkWatches, removeWatches, setWatches, setWatches2. */
import { AddWatchRequest, CheckWatchesRequest, ErrorResponse, RemoveWatchesRequest, SetWatches, SetWatches2 } from '../../jute/generated/proto.ts'
import { body } from '../../protocol/body.ts'
import { Code, OpCode, Perms } from '../../protocol/codes.ts'
import { AddWatchMode, EventType } from '../../protocol/events.ts'
import { NO_NODE } from '../tree/node-store.ts'
import { readOp } from './op.ts'
import type { ReadContext } from './op.ts'

export const addWatchOp = readOp<AddWatchRequest>({
  kind: 'read',
  type: OpCode.addWatch,
  name: 'addWatch',
  shortName: 'ADDW',
  request: AddWatchRequest,
  run({ watches, watcher }, { path, mode }) {
    // A null path is a path like any other here; nothing will ever happen to it.
    switch (mode) {
      case AddWatchMode.PERSISTENT:
        watches.addPersistent(path, watcher)
        break
      case AddWatchMode.PERSISTENT_RECURSIVE:
        watches.addRecursive(path, watcher)
        break
      default:
        return Code.MARSHALLINGERROR
    }
    return body(ErrorResponse, { err: 0 })
  },
})

export const checkWatchesOp = readOp<CheckWatchesRequest>({
  kind: 'read',
  type: OpCode.checkWatches,
  name: 'checkWatches',
  shortName: 'CHKW',
  request: CheckWatchesRequest,
  run: ({ watches, watcher }, { path, type }) => found(watches.contains(path, type, watcher)),
})

export const removeWatchesOp = readOp<RemoveWatchesRequest>({
  kind: 'read',
  type: OpCode.removeWatches,
  name: 'removeWatches',
  shortName: 'REMW',
  request: RemoveWatchesRequest,
  run: ({ watches, watcher }, { path, type }) => found(watches.remove(path, type, watcher)),
})

function found(answer: boolean | undefined): Code {
  if (answer === undefined) return Code.MARSHALLINGERROR
  return answer ? Code.OK : Code.NOWATCHER
}

/** Events of setWatches carry no zxid. */
const NO_ZXID = -1n

type Paths = readonly (string | null)[] | null

/**
 * Takes a reconnected client's watches back: what it missed is told at once and leaves no watch, the rest is
 * registered. What a client may not read it is not told, and that leaves no watch either (DataTree.setWatches).
 * A null list ends it there; the lists before it have taken effect.
 */
function setWatches(context: ReadContext, since: bigint, data: Paths, exist: Paths, child: Paths, persistent: Paths, recursive: Paths): Code {
  const { tree, watches, watcher } = context
  const tell = (id: number, type: EventType, path: string): void => {
    if (context.access.allows(tree.aclOf(id), Perms.READ, context.ids)) watcher.onEvent(type, path, NO_ZXID)
  }
  const each = (paths: Paths, visit: (path: string, id: number) => void): boolean => {
    for (const path of paths ?? []) {
      if (path === null) return false
      visit(path, tree.store.find(path))
    }
    return paths !== null
  }
  const done =
    each(data, (path, id) => {
      if (id === NO_NODE) watcher.onEvent(EventType.NodeDeleted, path, NO_ZXID)
      else if (tree.store.mzxid(id) > since) tell(id, EventType.NodeDataChanged, path)
      else watches.addData(path, watcher)
    }) &&
    each(exist, (path, id) => {
      if (id === NO_NODE) watches.addData(path, watcher)
      else tell(id, EventType.NodeCreated, path)
    }) &&
    each(child, (path, id) => {
      if (id === NO_NODE) watcher.onEvent(EventType.NodeDeleted, path, NO_ZXID)
      else if (tree.store.pzxid(id) > since) tell(id, EventType.NodeChildrenChanged, path)
      else watches.addChild(path, watcher)
    }) &&
    addAll(persistent, (path) => watches.addPersistent(path, watcher)) &&
    addAll(recursive, (path) => watches.addRecursive(path, watcher))
  return done ? Code.OK : Code.MARSHALLINGERROR
}

/** Persistent watches are registered whatever their path is, null included. */
function addAll(paths: Paths, add: (path: string | null) => void): boolean {
  for (const path of paths ?? []) add(path)
  return paths !== null
}

export const setWatchesOp = readOp<SetWatches>({
  kind: 'read',
  type: OpCode.setWatches,
  name: 'setWatches',
  shortName: 'SETW',
  request: SetWatches,
  run: (context, { relativeZxid, dataWatches, existWatches, childWatches }) =>
    setWatches(context, relativeZxid, dataWatches, existWatches, childWatches, [], []),
})

export const setWatches2Op = readOp<SetWatches2>({
  kind: 'read',
  type: OpCode.setWatches2,
  name: 'setWatches2',
  shortName: 'STW2',
  request: SetWatches2,
  run: (context, request) =>
    setWatches(
      context,
      request.relativeZxid,
      request.dataWatches,
      request.existWatches,
      request.childWatches,
      request.persistentWatches,
      request.persistentRecursiveWatches,
    ),
})
