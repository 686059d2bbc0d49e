/** `tskeeper/testing/vitest`: servers as fixtures of vitest. Each test that names one gets its own, which closes when the test is over. */
import { test as base } from 'vitest'
import { judge, record } from '../embed/arguments.ts'
import { startTestEnsemble } from './test-ensemble.ts'
import type { TestEnsemble, TestEnsembleOptions } from './test-ensemble.ts'
import { startTestServer } from './test-server.ts'
import type { TestServer, TestServerOptions } from './test-server.ts'

export interface ZooKeeperFixtures {
  /** A server on its own, in memory. */
  zookeeper: TestServer
  /** Three servers, in memory. */
  ensemble: TestEnsemble
  /** The options of `zookeeper`; override them with `test.extend`. */
  zookeeperOptions: TestServerOptions
  /** The options of `ensemble`; override them with `test.extend`. */
  ensembleOptions: TestEnsembleOptions & { readonly size?: number }
}

type Use<T> = (value: T) => Promise<void>

/** For a `test` that has fixtures of its own: `test.extend(zookeeperFixtures)`. */
export const zookeeperFixtures = {
  zookeeperOptions: {} as ZooKeeperFixtures['zookeeperOptions'],
  ensembleOptions: {} as ZooKeeperFixtures['ensembleOptions'],
  zookeeper: async ({ zookeeperOptions }: Pick<ZooKeeperFixtures, 'zookeeperOptions'>, use: Use<TestServer>): Promise<void> => {
    const server = await startTestServer(zookeeperOptions)
    await use(server)
    await server.close()
  },
  ensemble: async ({ ensembleOptions }: Pick<ZooKeeperFixtures, 'ensembleOptions'>, use: Use<TestEnsemble>): Promise<void> => {
    judge('ensembleOptions', ensembleOptions, record)
    const { size, ...options } = ensembleOptions
    const ensemble = await startTestEnsemble(size, options)
    await use(ensemble)
    await ensemble.close()
  },
}

/** vitest's own `test`, with the fixtures. */
export const test = base.extend<ZooKeeperFixtures>(zookeeperFixtures)
export const it = test
