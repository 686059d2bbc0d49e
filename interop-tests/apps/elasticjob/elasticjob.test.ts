// ElasticJob with its registry on the servers under test.
import { applicationTests } from '../application.ts'
import { elasticJob } from './scenarios.ts'

await applicationTests(elasticJob)
