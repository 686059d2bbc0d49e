/** Counts a life's steps, and says when it ends and when the disk fails. */
import type { Area, LifePlan } from './plan.ts'
import type { DiskFault, DiskStep, StepKind } from './sim-disk.ts'

/** A file's purpose by its path; undefined for a directory. */
export function areaOf(path: string): Area | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (name.includes('snapshot.')) return 'snapshot'
  if (name.includes('Epoch')) return 'epoch'
  return name.includes('log.') ? 'log' : undefined
}

/** A step as people count them. */
export function placeOf({ phase, kind, path }: DiskStep): string {
  return `${phase} ${kind} of a ${areaOf(path) ?? 'directory'}`
}

export class CrashPoints {
  /** Set once a step was made to fail. */
  failed: { readonly step: DiskStep; readonly area: Area | undefined } | undefined
  readonly #plan: LifePlan
  readonly #crash: (where: string) => void
  #steps = 0
  #sent = 0
  #faultSteps = 0

  constructor(plan: LifePlan, crash: (where: string) => void) {
    this.#plan = plan
    this.#crash = crash
  }

  onStep(step: DiskStep): DiskFault | undefined {
    const area = areaOf(step.path)
    const { trigger } = this.#plan
    const isCounted = trigger.kind === 'step' && trigger.step === step.kind && trigger.phase === step.phase && trigger.area === area
    if (isCounted && ++this.#steps === trigger.nth) {
      this.#crash(placeOf(step))
      return undefined
    }
    return step.phase === 'before' ? this.#faultFor(step, area) : undefined
  }

  onSent(): void {
    const { trigger } = this.#plan
    if (trigger.kind === 'sent' && ++this.#sent === trigger.nth) this.#crash('after an answer')
  }

  #faultFor(step: DiskStep, area: Area | undefined): DiskFault | undefined {
    const { fault: plan } = this.#plan
    if (plan === undefined) return undefined
    if (this.failed !== undefined) return plan.isLasting && isHitBy(plan.fault.code, step.kind) ? plan.fault : undefined
    if (plan.step !== step.kind || plan.area !== area || ++this.#faultSteps !== plan.nth) return undefined
    this.failed = { step, area }
    return plan.fault
  }
}

/** A full disk refuses what takes room; one that is broken everything but what the system does in memory alone. */
function isHitBy(code: DiskFault['code'], step: StepKind): boolean {
  if (code === 'ENOSPC') return step === 'create' || step === 'write' || step === 'extend'
  return step !== 'truncate' && step !== 'remove'
}
