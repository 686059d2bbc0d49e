/** `tskeeper/testing`: servers for tests, embedded in three lines. */
export type { SessionId } from '../embed/session-id.ts'
export { startTestServer } from './test-server.ts'
export type { TestServer, TestServerOptions } from './test-server.ts'
export { startTestEnsemble } from './test-ensemble.ts'
export type { TestEnsemble, TestEnsembleOptions, TestMember } from './test-ensemble.ts'
