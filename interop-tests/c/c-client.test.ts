// The C client: the checks are functions in client.c.
import { checkSuite, restartSuite } from '../peers/check-suite.ts'
import { needPeer } from '../peers/peers.ts'

const client = await needPeer('C client')
const command = client && [client.place]

await checkSuite('the C client', command, { config: { extendedTypesEnabled: 'true' } })
restartSuite('the C client', command)
