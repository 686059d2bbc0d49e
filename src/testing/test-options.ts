/** Checks that the options of test servers and of test ensembles share. */
import { logger, name, record } from '../embed/arguments.ts'
import type { CheckTable } from '../embed/arguments.ts'
import type { Settings } from '../server/config/settings.ts'

export const sharedChecks: CheckTable = { dataDir: name, log: logger, settings: record }

const reservedForTests = {
  dataDir: 'it is an option of its own, beside settings; without it the data is in memory',
  clientPortAddress: 'servers of tests listen on 127.0.0.1',
  secureClientPort: 'TLS is not supported by this version of TSKeeper',
}
const MEMBERSHIP = 'startTestEnsemble sets what makes a server a member of an ensemble'

/** Settings that a test server sets itself, or takes as an option. */
export const reservedForServer: Readonly<Record<string, string>> = {
  ...reservedForTests,
  clientPort: 'it is the option port, beside settings',
  distributed: MEMBERSHIP,
  serverId: MEMBERSHIP,
  servers: MEMBERSHIP,
}

/** Settings that a test ensemble makes itself. */
export const reservedForEnsemble: Readonly<Record<string, string>> = {
  ...reservedForTests,
  clientPort: 'each member has a free port, told by members[].port',
  distributed: 'every test ensemble is one',
  serverId: 'members are numbered from 1',
  servers: 'they follow from the size and the observers',
}

/** Removes the fields that are undefined, so that they do not override a default in front of them. */
export function withoutUndefined(settings: Partial<Settings> = {}): Partial<Settings> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}
