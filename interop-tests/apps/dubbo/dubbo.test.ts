// Dubbo with its registry on the servers under test.
import { applicationTests } from '../application.ts'
import { dubbo } from './scenarios.ts'

await applicationTests(dubbo)
