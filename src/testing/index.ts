/** `tskeeper/testing`: servers for tests, embedded in three lines. */
export { startTestServer } from './test-server.ts'
export type { TestServer, TestServerOptions } from './test-server.ts'
export { startTestEnsemble } from './test-ensemble.ts'
export type { TestEnsemble, TestEnsembleOptions, TestMember } from './test-ensemble.ts'
