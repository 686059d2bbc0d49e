// Instances of ElasticJob, as processes on this machine, and what they have executed.
import { eventually } from '../../peers/processes.ts'
import type { Dialogue } from '../dialogue.ts'
import { applicationLibrary } from '../jars.ts'
import { startJavaUser } from '../java-user.ts'
import type { Stage } from '../stage.ts'

const elasticJobVersion = '3.0.4'

/** Soon over when an instance is killed, and longer than any server is away. */
const SESSION_TIMEOUT_MS = 8000

/** What the registry of peers needs to know. The place is the directory of the jars. */
export const elasticJobPeer = {
  version: elasticJobVersion,
  prepare: () =>
    applicationLibrary(`elasticjob-${elasticJobVersion}`, [{ name: `org.apache.shardingsphere.elasticjob:elasticjob-lite-core:${elasticJobVersion}` }]),
}

export interface Instance extends Dialogue {
  /** As it is registered. */
  readonly id: string
  executions(): Execution[]
  kill(): Promise<void>
}

/** Of one item of a job, in nanoseconds. */
export interface Execution {
  readonly job: string
  readonly item: number
  readonly instance: string
  readonly began: bigint
  /** For what an instance was killed over: the time of its death. */
  readonly ended: bigint | undefined
  readonly isComplete: boolean
}

export async function startInstance(stage: Stage, name: string, namespace = 'jobs'): Promise<Instance> {
  const dialogue = await startJavaUser(stage, {
    name,
    mainClass: 'JobInstance',
    sources: import.meta.dirname,
    args: [stage.connectString, String(SESSION_TIMEOUT_MS), namespace],
    heapMegabytes: 128,
  })
  const id = `127.0.0.1@-@${dialogue.program.pid}`
  let death: bigint | undefined
  return {
    ...dialogue,
    id,
    executions: () => executionsIn(dialogue.program.output(), id, death),
    async kill() {
      await dialogue.program.kill()
      death = process.hrtime.bigint()
    },
  }
}

function executionsIn(output: string, instance: string, death: bigint | undefined): Execution[] {
  const executions: Execution[] = []
  const open = new Map<string, { job: string; item: number; began: bigint }>()
  for (const [, item, job, what, time] of output.matchAll(/^item (\d+) of (\S+) (began|ended) (\d+)$/gm)) {
    const key = `${item} of ${job}`
    const begun = open.get(key)
    if (what === 'began') open.set(key, { job: job, item: Number(item), began: BigInt(time) })
    else if (begun !== undefined) {
      executions.push({ ...begun, instance, ended: BigInt(time), isComplete: true })
      open.delete(key)
    }
  }
  for (const begun of open.values()) executions.push({ ...begun, instance, ended: death, isComplete: false })
  return executions
}

/** Of that job, by any of the instances. */
export function executionsOf(job: string, instances: readonly Instance[]): Execution[] {
  return instances.flatMap((instance) => instance.executions()).filter((execution) => execution.job === job)
}

/** How often each item was executed to its end. */
export function completed(job: string, items: number, instances: readonly Instance[]): number[] {
  const counts = new Array<number>(items).fill(0)
  for (const { item, isComplete } of executionsOf(job, instances)) if (isComplete) counts[item]++
  return counts
}

/** Each item has been executed to its end so many times more than when this was called; `begin` is what makes them do it. */
export async function awaitMore(job: string, items: number, more: number, instances: readonly Instance[], begin?: () => Promise<unknown>): Promise<void> {
  const before = completed(job, items, instances)
  await begin?.()
  await eventually(`each item of ${job} is executed ${more} times more`, 45_000, () =>
    completed(job, items, instances).every((count, item) => count >= before[item] + more) ? true : undefined,
  )
}

/** Pairs of executions of one item that were under way at the same time, told in words. */
export function atOnce(executions: readonly Execution[]): string[] {
  const sorted = executions.toSorted((a, b) => a.item - b.item || (a.began < b.began ? -1 : 1))
  return sorted.flatMap((one, index) => {
    const next = sorted[index + 1]
    if (next?.item !== one.item || (one.ended !== undefined && one.ended <= next.began)) return []
    return [`item ${one.item} of ${one.job} by ${one.instance} and by ${next.instance}`]
  })
}
