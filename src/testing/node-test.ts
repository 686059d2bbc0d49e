/**
 * `tskeeper/testing/node-test`: servers that end with a test of node:test. Pass any object with an `after`: the test's context, or the module's
 * own hooks, `{ after }`, for a server that all tests of a file share.
 */
import { having, judge } from '../embed/arguments.ts'
import { startTestEnsemble } from './test-ensemble.ts'
import type { TestEnsemble, TestEnsembleOptions } from './test-ensemble.ts'
import { startTestServer } from './test-server.ts'
import type { TestServer, TestServerOptions } from './test-server.ts'

/** Checked before a server starts, because without the hook the server would never end. */
const ending = having('the context of a test', 'after')

export interface Ending {
  /** Calls the function at the end of the test, and waits for it. */
  after(end: () => Promise<void>): void
}

/** A server that is closed when the test is over. Rejects as `startTestServer` does. */
export async function serverFor(test: Ending, options?: TestServerOptions): Promise<TestServer> {
  judge('test', test, ending)
  const server = await startTestServer(options)
  test.after(() => server.close())
  return server
}

/** An ensemble that is closed when the test is over. Rejects as `startTestEnsemble` does. */
export async function ensembleFor(test: Ending, size?: number, options?: TestEnsembleOptions): Promise<TestEnsemble> {
  judge('test', test, ending)
  const ensemble = await startTestEnsemble(size, options)
  test.after(() => ensemble.close())
  return ensemble
}
