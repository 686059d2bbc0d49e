// BookKeeper with its metadata on the servers under test.
import { applicationTests } from '../application.ts'
import { bookKeeper } from './scenarios.ts'

await applicationTests(bookKeeper)
