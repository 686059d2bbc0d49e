// The wrong servers that the comparison has to find: mistakes that are easily made and that no client would complain about at once.
import type { Mutant } from './mutants.ts'

/** Most show within the first hundred steps; those that need a rare constellation get more. */
const SOON = 1000
const LATER = 5000

export const mutants: readonly Mutant[] = [
  {
    name: 'cversion is one too many where there are several children',
    file: 'server/tree/node-stat.js',
    find: 'return wireCversion(this.#store.cversion(this.#id), this.numChildren);',
    replace: 'return wireCversion(this.#store.cversion(this.#id), this.numChildren) + (this.numChildren > 2 ? 1 : 0);',
    within: SOON,
  },
  {
    name: 'a delete leaves the pzxid of the parent alone',
    file: 'server/tree/data-tree.js',
    find: 'if (zxid > store.pzxid(parent)) {',
    replace: 'if (false) {',
    within: SOON,
  },
  {
    name: 'only the first operation of a multi fires watches',
    file: 'server/ops/multi.js',
    find: 'kind.apply(context, header, record, sub);',
    replace: `const { listener } = context.tree;
        if (i > 0) context.tree.listener = undefined;
        kind.apply(context, header, record, sub);
        context.tree.listener = listener;`,
    within: LATER,
  },
  {
    name: 'a refused write is answered with the zxid before it',
    file: 'server/request/request-processor.js',
    find: 'return { request, zxid: header.zxid, err,',
    replace: 'return { request, zxid: isRefused ? header.zxid - 1n : header.zxid, err,',
    within: SOON,
  },
  {
    name: 'a notification leaves behind the reply to the write that caused it',
    file: 'server/net/client-connection.js',
    find: 'onEvent(type, path, zxid) {',
    replace: `onEvent(type, path, zxid, late = false) {
        if (!late) return queueMicrotask(() => this.onEvent(type, path, zxid, true));`,
    within: SOON,
  },
  {
    name: 'delete is checked against the ACL of the node, not of its parent',
    file: 'server/ops/delete.js',
    find: 'if (!context.access.allows(parent.acl, Perms.DELETE, context.ids))',
    replace: 'if (!context.access.allows((context.view.get(path) ?? parent).acl, Perms.DELETE, context.ids))',
    within: SOON,
  },
  {
    name: 'delete looks for children before it looks at the version',
    file: 'server/ops/delete.js',
    find: 'if (version !== -1 && version !== node.version)',
    replace: 'if (node.childCount > 0) return Code.NOTEMPTY; if (version !== -1 && version !== node.version)',
    within: SOON,
  },
  {
    name: 'getACL shows hashes to everybody',
    file: 'server/ops/acl.js',
    find: '? acl : acl.map(masked)',
    replace: '? acl : acl',
    within: LATER,
  },
  {
    name: 'a recursive watch is told of changed children',
    file: 'server/watch/watch-table.js',
    find: 'this.#data.add(path, watcher, RECURSIVE);',
    replace: 'this.#data.add(path, watcher, RECURSIVE); this.#child.add(path, watcher, RECURSIVE);',
    within: SOON,
  },
  {
    name: 'events reach those who may not read the node',
    file: 'server/watch/watch-table.js',
    find: 'if (watcher.mayRead(acl))',
    replace: 'if (true)',
    within: LATER,
  },
  {
    name: 'sequence numbers count deletes too, as the cversion of clients does',
    file: 'server/ops/create.js',
    find: 'sequenceSuffix(parent.cversion) :',
    replace: 'sequenceSuffix(2 * parent.cversion - parent.childCount) :',
    within: SOON,
  },
  {
    name: 'setWatches waits for the next change of a node that was only to exist',
    file: 'server/ops/watches.js',
    find: 'tell(id, EventType.NodeCreated, path);',
    replace: 'watches.addData(path, watcher);',
    within: SOON,
  },
  {
    name: 'ephemeral nodes outlive their session',
    file: 'server/ops/session.js',
    find: 'tree.closeSession(header.clientId, paths2Delete, header.zxid);',
    replace: '',
    within: LATER,
  },
  {
    name: 'a wrong password leaves the old connection of the session alone',
    file: 'server/net/client-service.js',
    find: `this.#bySession.get(id)?.close('the session moved`,
    replace: `if (isSessionPassword(id, password)) this.#bySession.get(id)?.close('the session moved`,
    within: LATER,
  },
  {
    name: 'a quota of bytes is not enforced',
    file: 'server/request/preparer.js',
    find: 'return quotaFault(this.tree, path, countChange, bytesChange,',
    replace: 'return quotaFault(this.tree, path, countChange, 0,',
    configuration: 'quotas',
    within: LATER,
  },
]
