// A broker that knows its users by SCRAM credentials, access control lists and quotas, all of them in ZooKeeper.
import { expect } from 'vitest'
import { endOnRequest } from '../java-service.ts'
import type { Stage } from '../stage.ts'
import { brokerHome, kafkaCommand, startKafkaUser, untilAnswer } from './broker.ts'

const secured = {
  listeners: 'SASL_PLAINTEXT://127.0.0.1:0',
  'security.inter.broker.protocol': 'SASL_PLAINTEXT',
  'sasl.enabled.mechanisms': 'SCRAM-SHA-256',
  'sasl.mechanism.inter.broker.protocol': 'SCRAM-SHA-256',
  'listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config':
    'org.apache.kafka.common.security.scram.ScramLoginModule required username="admin" password="admin-secret";',
  'authorizer.class.name': 'kafka.security.authorizer.AclAuthorizer',
  'super.users': 'User:admin',
}

/** Of a topic or a group, or of the cluster, which is asked first for the number of a producer that may write nowhere. */
const refused = /AuthorizationException/
const refusedLogin = /SaslAuthenticationException/

export async function securedBroker(stage: Stage): Promise<void> {
  /** The way that brokers do not know of: they learn by a watch. */
  const addUserThroughZooKeeper = async (name: string): Promise<void> => {
    const credential = `SCRAM-SHA-256=[iterations=4096,password=${name}-secret]`
    const args = ['--zookeeper', stage.connectString, '--entity-type', 'users', '--entity-name', name, '--alter', '--add-config', credential]
    await kafkaCommand(stage, 'kafka.admin.ConfigCommand', args)
  }

  // Brokers are users, too: without the first one the broker would not let itself in.
  await addUserThroughZooKeeper('admin')
  const home = await brokerHome(stage, secured)
  let broker = home.start()
  const user = await startKafkaUser(stage)
  const as = (name: string, password = `${name}-secret`): Promise<string> => user.ask(`loginAs ${name} ${password}`)
  await as('admin')
  await user.ask('awaitBrokers 1')
  await user.ask('addUser alice alice-secret')
  await addUserThroughZooKeeper('bob')
  await untilAnswer(user, 'users', /^admin alice bob$/)
  await user.ask('createTopic letters 1')

  // Who one is, and what one may.
  await as('carol')
  await expect(user.ask('produce letters 0 1')).rejects.toThrow(refusedLogin)
  await as('alice', 'guessed')
  await expect(user.ask('produce letters 0 1')).rejects.toThrow(refusedLogin)
  await as('alice')
  await untilAnswer(user, 'produce letters 0 1', refused)
  await as('admin')
  await user.ask('addAcl ALLOW alice WRITE TOPIC let')
  const grant = ['--add', '--allow-principal', 'User:bob', '--operation', 'Read', '--topic', 'letters', '--group', 'readers']
  await kafkaCommand(stage, 'kafka.admin.AclCommand', ['--authorizer-properties', `zookeeper.connect=${stage.connectString}`, ...grant])
  const acls = ['ALLOW User:alice WRITE PREFIXED TOPIC let', 'ALLOW User:bob READ LITERAL GROUP readers', 'ALLOW User:bob READ LITERAL TOPIC letters'].join(
    '; ',
  )
  await untilAnswer(user, 'acls', new RegExp(`^${acls}$`))
  await as('alice')
  expect(await user.ask('produce letters 0 100')).toBe('100')
  await expect(user.ask('consume letters readers 1')).rejects.toThrow(refused)
  await as('bob')
  await untilAnswer(user, 'consume letters readers 100', /^100 records, 100 distinct, 0 to 99$/)
  await expect(user.ask('produce letters 100 200')).rejects.toThrow(refused)

  // A denial goes before what is allowed.
  await as('admin')
  await user.ask('addAcl DENY alice WRITE TOPIC letters')
  await as('alice')
  await untilAnswer(user, 'produce letters 100 200', refused)
  await as('admin')
  expect(await user.ask('removeAcl DENY alice WRITE TOPIC letters')).toBe('1 removed')
  await user.ask('createTopic lettersOfWeight 1')

  // A quota slows down the one whom it is for.
  await user.ask('setQuota alice producer_byte_rate 2000')
  await as('alice')
  await untilAnswer(user, 'produceOne lettersOfWeight 40000', /^slowed down$/)
  await as('admin')
  expect(await user.ask('produceOne lettersOfWeight 40000')).toBe('at full speed')
  const quotas = '{{user=alice}={producer_byte_rate=2000.0}}'
  expect(await user.ask('quotas')).toBe(quotas)

  // All of it outlives the servers and the broker.
  await stage.restart()
  await endOnRequest(broker)
  await user.ask('awaitBrokers 0')
  broker = home.start()
  await user.ask('awaitBrokers 1')
  expect(await user.ask('users')).toBe('admin alice bob')
  expect(await user.ask('acls')).toBe(acls)
  expect(await user.ask('quotas')).toBe(quotas)
  await as('alice')
  expect(await user.ask('produceOne lettersOfWeight 40000')).toBe('slowed down')
  expect(await user.ask('produce letters 100 200')).toBe('100')
  await as('admin')
  await user.ask('removeQuota alice producer_byte_rate')
  await user.ask('removeUser bob')
  await as('alice')
  await untilAnswer(user, 'produceOne lettersOfWeight 40000', /^at full speed$/)
  await as('bob')
  await untilAnswer(user, 'consume letters readers 100', refusedLogin)
}
