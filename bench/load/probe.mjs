// Looks for pauses: a thread of its own with a connection of its own asks the server for one node every millisecond, answered or not, and
// keeps the longest time until an answer. A server that stands still for 80 ms shows 80 ms here, however busy other clients are.
import { performance } from 'node:perf_hooks'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { getData } from './frames.mjs'
import { Generator } from './generator.mjs'

const RATE = 1000
const MOST_UNANSWERED = 65_536

/** Starts asking. `read` gives what was seen since the last `read`; an answer that is still awaited counts with its age. */
export async function startProbe(server, path = '/') {
  const worker = new Worker(import.meta.filename, { workerData: { port: server.port, path, stub: server.kind === 'stub' } })
  const read = () =>
    new Promise((resolve, reject) => {
      worker.once('message', (seen) => (seen.error === undefined ? resolve(seen) : reject(new Error(`the probe: ${seen.error}`))))
      worker.postMessage('read')
    })
  await new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  return { read, stop: () => worker.terminate() }
}

/** The longest answer while `work` runs, beside what the work gives. */
export async function probed(server, work, path) {
  const probe = await startProbe(server, path)
  try {
    await pause(200)
    await probe.read()
    const value = await work(probe)
    return { ...(await probe.read()), value }
  } finally {
    await probe.stop()
  }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

if (!isMainThread) {
  const { port, path, stub } = workerData
  const generator = new Generator({
    port,
    connections: 1,
    window: MOST_UNANSWERED,
    ring: MOST_UNANSWERED,
    rate: RATE,
    frames: () => getData(path),
    sequential: !stub,
  })
  await generator.start()
  parentPort.postMessage('ready')
  parentPort.on('message', () => {
    const [link] = generator.links
    const waitingMs = link.underWay > 0 ? performance.now() - link.sentAt[link.oldest] : 0
    const seen = generator.latency.summary()
    const error = generator.failures > 0 ? generator.failure : undefined
    parentPort.postMessage({ ...seen, max: Math.max(seen.max, waitingMs), error })
    generator.latency.reset()
  })
}
