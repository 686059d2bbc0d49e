// Kafka's zookeeper-shell, one command after the other, and what it prints to the letter, as it does on the Java server.
import { expect } from 'vitest'
import type { Stage } from '../stage.ts'
import { zookeeperShell } from './broker.ts'

/** The stat of a node that was created by the txn of that number, with what differs from that of a new one. */
function stat(txn: number, changes: Readonly<Record<string, number>>): string[] {
  const numbers = { mZxid: txn, pZxid: txn, cversion: 0, dataVersion: 0, aclVersion: 0, numChildren: 0, ...changes }
  return [
    ...[`cZxid = 0x${txn}`, 'ctime = then', `mZxid = 0x${numbers.mZxid}`, 'mtime = then', `pZxid = 0x${numbers.pZxid}`],
    ...[`cversion = ${numbers.cversion}`, `dataVersion = ${numbers.dataVersion}`, `aclVersion = ${numbers.aclVersion}`],
    ...['ephemeralOwner = 0x0', `dataLength = ${changes['dataLength']}`, `numChildren = ${numbers.numChildren}`],
  ]
}

const children = { pZxid: 4, cversion: 2, numChildren: 2 }

/** Commands, what comes of them on stdout, and on stderr. A refused write uses up the number of a txn. */
const transcript: readonly (readonly [command: string, printed?: readonly string[], toStderr?: string])[] = [
  ['ls /', ['[zookeeper]']],
  ['create /shelf one', undefined, 'Created /shelf'],
  ['create -s /shelf/book- "two words"', undefined, 'Created /shelf/book-0000000000'],
  ['create -e /shelf/passing p', undefined, 'Created /shelf/passing'],
  ['create /shelf', undefined, 'Node already exists: /shelf'],
  ['create /no/such x', undefined, 'Node does not exist: /no/such'],
  ['ls -s /shelf', ['[book-0000000000, passing]', ...stat(2, { ...children, dataLength: 3 })]],
  ['ls -R /shelf', ['/shelf', '/shelf/book-0000000000', '/shelf/passing']],
  ['get -s /shelf/book-0000000000', ['two words', ...stat(3, { dataLength: 9 })]],
  ['set -s /shelf three', stat(2, { ...children, mZxid: 7, dataVersion: 1, dataLength: 5 })],
  ['set -v 7 /shelf four', undefined, 'version No is not valid : /shelf'],
  ['getAcl -s /shelf', ["'world,'anyone", ': cdrwa', ...stat(2, { ...children, mZxid: 7, dataVersion: 1, dataLength: 5 })]],
  ['setAcl /shelf world:anyone:r'],
  ['set /shelf five', undefined, 'Insufficient permission : /shelf'],
  ['getAcl /shelf', ["'world,'anyone", ': r']],
  ['stat /shelf', stat(2, { ...children, mZxid: 7, dataVersion: 1, aclVersion: 1, dataLength: 5 })],
  ['setquota -n 3 /shelf'],
  [
    'listquota /shelf',
    ['Output quota for /shelf count=3,bytes=-1=;byteHardLimit=-1;countHardLimit=-1', 'Output stat for /shelf count=3,bytes=15'],
    'absolute path is /zookeeper/quota/shelf/zookeeper_limits',
  ],
  ['delete /shelf', undefined, 'Node not empty: /shelf'],
  ['get /shelf', ['three']],
  ['sync /', ['Sync is OK']],
  ['quit'],
]

export async function shell(stage: Stage): Promise<void> {
  const { stdout, stderr } = await zookeeperShell(
    stage,
    transcript.map(([command]) => command),
  )
  const greeting = [`Connecting to ${stage.connectString}`, 'Welcome to ZooKeeper!', 'JLine support is disabled']
  expect(linesOf(stdout)).toEqual([...greeting, ...transcript.flatMap(([, printed = []]) => printed)])
  expect(linesOf(stderr)).toEqual(transcript.flatMap(([, , toStderr]) => toStderr ?? []))
}

/** Without what is told of the connection, anywhere between the lines; of a zxid the counter, of a time that there is one. */
function linesOf(text: string): string[] {
  const lines = text.split('\n').filter((line) => line !== '' && line !== 'WATCHER::' && !line.startsWith('WatchedEvent '))
  return lines.map((line) => line.replace(/^([cm]time = ).*20\d\d$/, '$1then').replace(/0x1(?=[0-9a-f]{8}$)0*/, '0x'))
}
