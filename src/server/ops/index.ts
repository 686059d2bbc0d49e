/** The tables: operations by the type of a request, txn kinds by the type of a txn. */
import { getAclOp, setAclOp, setAclTxn } from './acl.ts'
import { create2Op, create2Txn, createContainerOp, createContainerTxn, createOp, createTtlOp, createTtlTxn, createTxn } from './create.ts'
import { deleteContainerTxn, deleteOp, deleteTxn } from './delete.ts'
import { errorTxn, syncOp, whoAmIOp } from './misc.ts'
import { multiOp, multiReadOp, multiTxn } from './multi.ts'
import type { AnyOp, AnyTxnKind } from './op.ts'
import { existsOp, getAllChildrenNumberOp, getChildren2Op, getChildrenOp, getDataOp, getEphemeralsOp } from './read.ts'
import { closeSessionOp, closeSessionTxn, createSessionTxn, pingOp } from './session.ts'
import { reconfigOp, reconfigTxn, setDataOp, setDataTxn } from './set-data.ts'
import { addWatchOp, checkWatchesOp, removeWatchesOp, setWatches2Op, setWatchesOp } from './watches.ts'

/**
 * What a client may ask for. Missing on purpose: auth and sasl, which are answered before any operation; a lone
 * check, createSession and deleteContainer, which no client may send.
 */
export const OPS: ReadonlyMap<number, AnyOp> = new Map(
  [
    createOp,
    create2Op,
    createContainerOp,
    createTtlOp,
    deleteOp,
    existsOp,
    getDataOp,
    setDataOp,
    getAclOp,
    setAclOp,
    getChildrenOp,
    getChildren2Op,
    getAllChildrenNumberOp,
    getEphemeralsOp,
    syncOp,
    pingOp,
    multiOp,
    multiReadOp,
    reconfigOp,
    checkWatchesOp,
    removeWatchesOp,
    setWatchesOp,
    setWatches2Op,
    addWatchOp,
    whoAmIOp,
    closeSessionOp,
  ].map((op) => [op.type, op]),
)

/** A check is none of them: it stands in a multi alone, and logs that say otherwise are refused as Java refuses them. */
export const TXN_KINDS: ReadonlyMap<number, AnyTxnKind> = new Map(
  [
    createTxn,
    create2Txn,
    createContainerTxn,
    createTtlTxn,
    deleteTxn,
    deleteContainerTxn,
    setDataTxn,
    reconfigTxn,
    setAclTxn,
    multiTxn,
    errorTxn,
    createSessionTxn,
    closeSessionTxn,
  ].map((kind) => [kind.type, kind]),
)
