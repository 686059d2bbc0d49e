// @ts-check
// Publish and subscribe: a configuration lies in one node; a subscriber reads it, watches it, and reads it again when it changes.
//   node config.mjs [host:port,…]
import { connect, program } from './zookeeper.mjs'
/** @typedef {import('./zookeeper.mjs').Session} Session */

/**
 * @param {Session} session
 * @param {string} path
 * @param {unknown} config
 */
export async function publish(session, path, config) {
  await session.ensure(path)
  await session.write(path, JSON.stringify(config))
}

/**
 * Calls `onConfig` with the configuration now and after each change. A slow subscriber may miss a version, but never the last.
 * @param {Session} session
 * @param {string} path
 * @param {(config: any) => void} onConfig undefined = nothing is published
 */
export async function subscribe(session, path, onConfig) {
  await session.ensure(path)
  // An empty text also means that nothing is published yet.
  await session.watchText(path, (text) => onConfig(text ? JSON.parse(text) : undefined))
}

await program(import.meta, async (servers) => {
  const [publisher, subscriber] = await Promise.all([connect(servers), connect(servers)])
  const path = '/examples/config'
  await publish(publisher, path, { version: 1, poolSize: 8 })
  await new Promise((done) => {
    void subscribe(subscriber, path, (config) => {
      console.log('the subscriber has', config)
      if (config.version === 1) void publish(publisher, path, { version: 2, poolSize: 32 })
      else done(undefined)
    })
  })
  await subscriber.close()
  await publisher.remove(path)
  await publisher.close()
})
