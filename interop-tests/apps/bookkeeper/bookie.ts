// Bookies, which store ledgers and keep in ZooKeeper where these lie, and the user of them, as processes on this machine.
import { join } from 'node:path'
import { freePort } from '../../peers/ports.ts'
import type { Dialogue } from '../dialogue.ts'
import { applicationLibrary } from '../jars.ts'
import { serviceHome } from '../java-service.ts'
import type { ServiceHome } from '../java-service.ts'
import { startJavaUser } from '../java-user.ts'
import type { Stage } from '../stage.ts'

const bookKeeperVersion = '4.17.3'

/** Of the bookies: soon over when one is killed, and longer than any server is away. */
const SESSION_TIMEOUT_MS = 8000

/** What the registry of peers needs to know. The place is the directory of the jars. */
export const bookKeeperPeer = {
  version: bookKeeperVersion,
  prepare: () =>
    applicationLibrary(`bookkeeper-${bookKeeperVersion}`, [
      {
        name: `org.apache.bookkeeper:bookkeeper-server:${bookKeeperVersion}`,
        without: ['org.apache.logging.log4j:*', 'io.netty:netty-tcnative-boringssl-static'],
      },
    ]),
}

export interface BookieHome extends ServiceHome {
  /** Under which it is registered. */
  readonly id: string
}

/**
 * A bookie; one of the same `number` in another home has lost its data. Bookies that recover look after each other, and copy what one that
 * is gone has left.
 */
export async function bookieHome(stage: Stage, number: number, recovers = false): Promise<BookieHome> {
  const id = `bookie-${number}`
  const port = await freePort()
  const home = await serviceHome(stage, {
    name: id,
    mainClass: 'org.apache.bookkeeper.server.Main',
    args: (file) => ['--conf', file],
    heapMegabytes: 192,
    properties: (directory) => ({
      ...bookieProperties,
      metadataServiceUri: metadataService(stage),
      bookieId: id,
      autoRecoveryDaemonEnabled: String(recovers),
      bookiePort: String(port),
      journalDirectories: join(directory, 'journal'),
      ledgerDirectories: join(directory, 'ledgers'),
    }),
  })
  return { ...home, id }
}

/** The user of the bookies, who also sees what they have in ZooKeeper. */
export async function startBookKeeperUser(stage: Stage): Promise<Dialogue> {
  return await startJavaUser(stage, {
    name: 'user',
    mainClass: 'BookKeeperUser',
    sources: import.meta.dirname,
    args: [stage.connectString, metadataService(stage)],
    heapMegabytes: 192,
  })
}

function metadataService(stage: Stage): string {
  return `zk+hierarchical://${stage.connectString.replaceAll(',', ';')}/ledgers`
}

/** The stock settings but for: the loopback address, few threads, small files and buffers, and a recovery that does not wait for long. */
const bookieProperties: Readonly<Record<string, string>> = {
  zkTimeout: String(SESSION_TIMEOUT_MS),
  allowLoopback: 'true',
  advertisedAddress: '127.0.0.1',
  listeningInterface: 'lo',
  openLedgerRereplicationGracePeriod: '1000',
  lockReleaseOfFailedLedgerGracePeriod: '1000',
  rwRereplicateBackoffMs: '500',
  numAddWorkerThreads: '1',
  numReadWorkerThreads: '1',
  numHighPriorityWorkerThreads: '1',
  serverNumIOThreads: '2',
  journalPreAllocSizeMB: '1',
  skipListSizeLimit: '4194304',
  entryLogFilePreallocationEnabled: 'false',
  diskUsageThreshold: '0.99',
  diskUsageWarnThreshold: '0.99',
  allocatorPoolingPolicy: 'UnpooledHeap',
}
