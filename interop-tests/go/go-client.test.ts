// go-zookeeper: the checks are functions in the Go files here.
import { checkSuite, restartSuite } from '../peers/check-suite.ts'
import { needPeer } from '../peers/peers.ts'

const client = await needPeer('go-zookeeper')
const command = client && [client.place]

await checkSuite('go-zookeeper', command, { config: { extendedTypesEnabled: 'true' } })
restartSuite('go-zookeeper', command)
