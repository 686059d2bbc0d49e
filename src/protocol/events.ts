/** The numbers of events and watches on the wire (Watcher.Event.EventType, AddWatchMode, Watcher.WatcherType). */
export const EventType = { NodeCreated: 1, NodeDeleted: 2, NodeDataChanged: 3, NodeChildrenChanged: 4 } as const

export type EventType = (typeof EventType)[keyof typeof EventType]

/** Modes of addWatch. */
export const AddWatchMode = { PERSISTENT: 0, PERSISTENT_RECURSIVE: 1 } as const

/** Kinds that checkWatches and removeWatches name. */
export const WatcherType = { Children: 1, Data: 2, Any: 3, Persistent: 4, PersistentRecursive: 5 } as const
