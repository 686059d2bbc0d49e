/** One txn as a line of TxnLogToolkit: fields of its own choice for some types, the record's text of Java's for the others. */
import type { ACL } from '../../jute/generated/data.ts'
import type {
  CloseSessionTxn,
  CreateContainerTxn,
  CreateSessionTxn,
  CreateTTLTxn,
  CreateTxn,
  DeleteTxn,
  ErrorTxn,
  MultiTxn,
  SetACLTxn,
  SetDataTxn,
} from '../../jute/generated/txn.ts'
import { JuteReader } from '../../jute/reader.ts'
import { OpCode } from '../../protocol/codes.ts'
import { OPS, TXN_KINDS } from '../../server/ops/index.ts'
import { decodeTxn } from '../../server/txn/txn-codec.ts'
import { hexOf, shortDateTime } from './java-text.ts'

/** With its line end, unless the record's text brings one. Throws MalformedFrame. */
export function txnLine(payload: Uint8Array): string {
  const { header, record } = decodeTxn(payload, new JuteReader({ maxLength: payload.length }))
  const ids = `session 0x${hexOf(header.clientId)} cxid 0x${hexOf(BigInt(header.cxid))} zxid 0x${hexOf(header.zxid)}`
  const line = `${shortDateTime(header.time)} ${ids} ${nameOf(header.type)} ${recordText(header.type, record)}`
  return line.endsWith('\n') ? line : `${line}\n`
}

function recordText(type: number, record: unknown): string {
  switch (type) {
    case OpCode.create:
    case OpCode.create2: {
      const { path, data, acl, ephemeral, parentCVersion } = record as CreateTxn
      return `${path},${dataText(data)},${aclList(acl)},${ephemeral},${parentCVersion}`
    }
    case OpCode.createContainer: {
      const { path, data, acl, parentCVersion } = record as CreateContainerTxn
      return `${path},${dataText(data)},${aclList(acl)},${parentCVersion}`
    }
    case OpCode.createTTL: {
      const { path, data, acl, parentCVersion, ttl } = record as CreateTTLTxn
      return `${path},${dataText(data)},${aclList(acl)},${parentCVersion},${ttl}`
    }
    case OpCode.setData:
    case OpCode.reconfig: {
      const { path, data, version } = record as SetDataTxn
      return `${path},${dataText(data)},${version}`
    }
    case OpCode.multi:
      return ((record as MultiTxn).txns ?? []).map((part) => `${nameOf(part.type)}:${dataText(part.data)}`).join(';')
    case OpCode.setACL: {
      const { path, acl, version } = record as SetACLTxn
      return `${quoted(path)},v{${(acl ?? []).map((entry) => `s{${aclText(entry)}}`).join(',')}},${version}\n`
    }
    case OpCode.createSession:
      return `${(record as CreateSessionTxn).timeOut}\n`
    case OpCode.closeSession: {
      const { paths2Delete } = record as CloseSessionTxn
      // Without a list there is no record.
      return paths2Delete === null ? '' : `v{${paths2Delete.map(quoted).join(',')}}\n`
    }
    case OpCode.error:
      return `${(record as ErrorTxn).err}\n`
    default:
      return `${quoted((record as DeleteTxn).path)}\n`
  }
}

/** As Request.op2String. */
function nameOf(type: number): string {
  return (TXN_KINDS.get(type) ?? OPS.get(type))?.name ?? (type === OpCode.check ? 'check' : `unknown ${type}`)
}

function dataText(data: Uint8Array | null): string {
  return data === null ? '' : Buffer.from(data).toString('utf8')
}

function aclList(acl: readonly ACL[] | null): string {
  return acl === null ? 'null' : `[${acl.map((entry) => `${aclText(entry)}\n`).join(', ')}]`
}

function aclText({ perms, id }: ACL): string {
  return `${perms},s{${quoted(id.scheme)},${quoted(id.id)}}`
}

/** As ToStringOutputArchive.writeString. */
function quoted(text: string | null): string {
  return text === null ? '' : `'${text.replace(/[\0\n\r,}%]/g, (character) => encoded(character))}`
}

function encoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}
