// Kafka in ZooKeeper mode on the servers under test.
import { applicationTests } from '../application.ts'
import { kafka } from './scenarios.ts'

await applicationTests(kafka)
