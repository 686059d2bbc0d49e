// node-zookeeper-client, the JavaScript client; it comes with the project's development dependencies.
import { createRequire } from 'node:module'

const installed = createRequire(import.meta.url)('node-zookeeper-client/package.json') as { version: string }

export const nodeClientVersion = installed.version
