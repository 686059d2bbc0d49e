// What an application is to the tests: a peer that is fetched, and scenarios by name. Its test file hands them to `applicationTests`, which
// plays in `make test` those that are marked for it, on our servers, and in `make apps` all of them, on ours and on the Java server, on one
// server and on an ensemble of three. docs/applications.md says how to add one.
//
//   TSK_APPS=all                every scenario on both kinds of servers, one and three
//   TSK_APPS_ONLY="a word …"    only what has all these words in "application scenario servers kind", as in "kafka ensemble ours"
//   TSK_APPS_REPORT=file        a line of JSON for each scenario that was played; scripts/apps.mjs makes its table of them
import { appendFileSync } from 'node:fs'
import { describe, test } from 'vitest'
import { needPeer } from '../peers/peers.ts'
import type { Kind } from '../peers/server-under-test.ts'
import { testedKind } from '../peers/server-under-test.ts'
import { onStage } from './stage.ts'
import type { Stage } from './stage.ts'
import type { Formation } from './servers.ts'

export interface Scenario {
  /** Of one line; with the application it names a row of the table. */
  readonly name: string
  /** Milliseconds that the play may take; the start of the servers does not count. */
  readonly limitMs: number
  /** On what it is played; default on both. */
  readonly on?: readonly Formation[]
  /** On what `make test` plays it, too. */
  readonly inTest?: Formation
  /** System properties of the servers, beside the settings of all tests. */
  readonly properties?: Readonly<Record<string, string>>
  /** Throws when something is not as it should be. What it started on the stage is ended for it. */
  readonly play: (stage: Stage) => Promise<void>
}

export interface Application {
  /** As the registry of peers has it. */
  readonly name: string
  readonly scenarios: readonly Scenario[]
}

/** One line of the report. */
export interface Played {
  readonly application: string
  readonly scenario: string
  readonly on: Formation
  readonly kind: Kind
  readonly result: 'passed' | 'FAILED' | 'SKIPPED'
  /** Of the play alone. */
  readonly seconds: number
  /** Of a failure, in one line. */
  readonly why?: string | undefined
}

interface Planned {
  readonly scenario: Scenario
  readonly on: Formation
  readonly kind: Kind
}

/** Allowed for the start of the servers and for fetching what a program needs. */
const START_LIMIT_MS = 120_000

/** The tests of an application. */
export async function applicationTests(application: Application): Promise<void> {
  const planned = application.scenarios.flatMap((scenario) => plannedOf(scenario)).filter((one) => isWanted(application, one))
  if (planned.length === 0) {
    test.skip(`${application.name}: nothing that is wanted`)
    return
  }
  const peer = await needPeer(application.name)
  describe.skipIf(peer === undefined)(`${application.name} ${peer?.version}`, () => {
    for (const one of planned) {
      const { scenario, on, kind } = one
      if (peer === undefined) record({ ...rowOf(application, one), result: 'SKIPPED', seconds: 0 })
      const timeout = scenario.limitMs + START_LIMIT_MS
      test(`${scenario.name} (${on}, ${kind})`, { timeout }, () => playAndRecord(application, one, peer!.place))
    }
  })
}

async function playAndRecord(application: Application, planned: Planned, library: string): Promise<void> {
  const { scenario, on, kind } = planned
  const row = rowOf(application, planned)
  let begin = performance.now()
  const seconds = (): number => (performance.now() - begin) / 1000
  try {
    await onStage({ kind, formation: on, properties: scenario.properties, library, limitMs: scenario.limitMs }, async (stage) => {
      begin = performance.now()
      await scenario.play(stage)
    })
    record({ ...row, result: 'passed', seconds: seconds() })
  } catch (error) {
    record({ ...row, result: 'FAILED', seconds: seconds(), why: (error as Error).message.split('\n')[0] })
    throw error
  }
}

function rowOf(application: Application, { scenario, on, kind }: Planned): Pick<Played, 'application' | 'scenario' | 'on' | 'kind'> {
  return { application: application.name, scenario: scenario.name, on, kind }
}

function plannedOf(scenario: Scenario): Planned[] {
  if (process.env['TSK_APPS'] !== 'all') return scenario.inTest === undefined ? [] : [{ scenario, on: scenario.inTest, kind: testedKind }]
  const { on: formations = ['server', 'ensemble'] as const } = scenario
  return formations.flatMap((on) => (['ours', 'java'] as const).map((kind) => ({ scenario, on, kind })))
}

function isWanted(application: Application, { scenario, on, kind }: Planned): boolean {
  const words = (process.env['TSK_APPS_ONLY'] ?? '').toLowerCase().split(/\s+/)
  const title = `${application.name} ${scenario.name} ${on} ${kind}`.toLowerCase()
  return words.every((word) => title.includes(word))
}

function record(played: Played): void {
  const file = process.env['TSK_APPS_REPORT']
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(played)}\n`)
}
