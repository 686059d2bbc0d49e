// kazoo, the Python client: the checks are functions in the Python files here.
import { join } from 'node:path'
import { checkSuite, restartSuite } from '../peers/check-suite.ts'
import { needPeer } from '../peers/peers.ts'

const kazoo = await needPeer('kazoo')
const script = (file: string): string[] | undefined => kazoo && [kazoo.place, '-B', join(import.meta.dirname, file)]

await checkSuite('kazoo', script('sessions.py'))
await checkSuite("kazoo's recipes", script('recipes.py'))
restartSuite('kazoo', script('survivor.py'))
