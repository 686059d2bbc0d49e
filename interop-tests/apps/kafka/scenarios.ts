// What a Kafka in ZooKeeper mode goes through on the servers.
import type { Application } from '../application.ts'
import { changingSettings, oneBroker } from './one-broker.ts'
import { securedBroker } from './secured-broker.ts'
import { brokersComeAndGo, serversComeAndGo } from './three-brokers.ts'
import { shell } from './shell.ts'

export const kafka: Application = {
  name: 'Kafka',
  scenarios: [
    { name: 'one broker: topics, records, groups, restarts of either', limitMs: 300_000, inTest: 'server', play: oneBroker },
    { name: 'one broker: dynamic settings, transactions', limitMs: 300_000, play: changingSettings },
    { name: 'one broker: SCRAM users, ACLs, quotas', limitMs: 300_000, play: securedBroker },
    { name: 'three brokers: reassignment, controller killed, preferred leaders', limitMs: 400_000, play: brokersComeAndGo },
    { name: 'three brokers: servers restarted, leader killed', limitMs: 400_000, play: serversComeAndGo },
    { name: 'zookeeper-shell', limitMs: 120_000, play: shell },
  ],
}
