// Curator's recipes on the servers under test.
import { applicationTests } from '../application.ts'
import { curator } from './scenarios.ts'

await applicationTests(curator)
