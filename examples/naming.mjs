// @ts-check
// A naming service in Dubbo's layout. A service's providers are nodes below /dubbo/<service>/providers, named by their URLs, and last as
// long as the providers' sessions; its consumers stand below /dubbo/<service>/consumers in the same way. Dubbo's own consumers and
// dubbo-admin read what is written here.
//   node naming.mjs [host:port,…]
import { connect, program } from './zookeeper.mjs'
/** @typedef {import('./zookeeper.mjs').Session} Session */

/**
 * @param {Session} session
 * @param {string} service as `com.example.Greeter`
 * @param {string} url as `dubbo://10.0.0.1:20880/com.example.Greeter?side=provider`
 */
export async function provide(session, service, url) {
  await register(session, service, 'providers', url)
}

/**
 * Withdraws the provider; the end of the session does the same.
 * @param {Session} session
 * @param {string} service
 * @param {string} url
 */
export async function withdraw(session, service, url) {
  await session.remove(`/dubbo/${service}/providers/${encodeURIComponent(url)}`)
}

/**
 * Registers as a consumer and calls `onProviders` with the providers' URLs now and after each change.
 * @param {Session} session
 * @param {string} service
 * @param {string} url as `consumer://10.0.0.9/com.example.Greeter?side=consumer`
 * @param {(urls: string[]) => void} onProviders
 */
export async function consume(session, service, url, onProviders) {
  await register(session, service, 'consumers', url)
  const providers = `/dubbo/${service}/providers`
  await session.ensure(providers)
  await session.watchChildren(providers, (names) => onProviders(names.map(decodeURIComponent).sort()))
}

/**
 * @param {Session} session
 * @param {string} service
 * @param {'providers' | 'consumers'} category
 * @param {string} url
 */
async function register(session, service, category, url) {
  const directory = `/dubbo/${service}/${category}`
  await session.ensure(directory)
  await session.createEphemeral(`${directory}/${encodeURIComponent(url)}`)
}

await program(import.meta, async (servers) => {
  const service = 'com.example.Greeter'
  const [first, second, consumer] = await Promise.all([connect(servers), connect(servers), connect(servers)])
  await provide(first, service, `dubbo://10.0.0.1:20880/${service}?side=provider`)
  await new Promise((done) => {
    void consume(consumer, service, `consumer://10.0.0.9/${service}?side=consumer`, (urls) => {
      console.log(
        'providers:',
        urls.map((url) => new URL(url.replace('dubbo:', 'http:')).host),
      )
      const isOver = first.isOver
      if (urls.length === 2) void first.close()
      else if (isOver) done(undefined)
      else void provide(second, service, `dubbo://10.0.0.2:20880/${service}?side=provider`)
    })
  })
  await Promise.all([second.close(), consumer.close()])
})
