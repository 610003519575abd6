import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Problem } from '../../domain/problem.ts'
import { planStage, type Stage } from '../../operations/stacks/index.ts'
import type { Service } from './aws/services.ts'
import { playAlerts } from './play/alerts.ts'
import { playDeployment } from './play/deployment.ts'
import { playMessages, type Step, type Tell } from './play/messages.ts'
import type { Finding } from './stage/findings.ts'
import { RehearsedStage, type StageOptions } from './stage/stage.ts'
import { slackHost } from './stage/trail.ts'
import { sentStacks } from './template/stage.ts'

export interface RehearsalOptions {
  readonly stage: Stage
  /** The folder of the installation, with templates and bundles. */
  readonly root: string
  /** Called after each step. */
  readonly tell: Tell
  /** A line of the log of a function or a container. */
  readonly onLine?: (name: string, line: string) => void
  readonly signal?: AbortSignal
}

/** What a rehearsal showed. */
export interface Rehearsal {
  readonly steps: readonly Step[]
  readonly findings: readonly Finding[]
  readonly passed: boolean
}

const account = '123456789012'
const defaultRegion = 'ap-northeast-2'

/** Containers need an image, and before the first push there is none. */
function withImage(stage: Stage, region: string): Stage {
  const { settings, name } = stage
  const needed = settings.front === 'container' || settings.worker === 'container'
  if (!needed || settings.image !== undefined) return stage
  const image = `${account}.dkr.ecr.${region}.amazonaws.com/apigw-${name}@sha256:${'0'.repeat(64)}`
  return { ...stage, settings: { ...settings, image } }
}

/** @throws Problem `interrupted` */
function unlessStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new Problem('interrupted', 'Interrupted. Everything that the rehearsal started has ended.')
}

/** Receives what the notifier posts. */
function slack(posts: string[]): Service {
  return async (_request, incoming) => {
    posts.push(incoming.body.toString('utf8'))
    return { status: 200, headers: { 'content-type': 'text/plain' }, body: 'ok' }
  }
}

const starts = 'functions, containers and servers of the stage start'

/** A template that CloudFormation or IAM refuses is a step that failed. @throws Problem if a program is not installed */
async function started(options: StageOptions, tell: Tell): Promise<RehearsedStage | undefined> {
  try {
    return await RehearsedStage.start(options)
  } catch (error) {
    if (error instanceof Problem) throw error
    tell({ what: starts, passed: false, detail: error instanceof Error ? error.message : String(error) })
    return undefined
  }
}

/** Runs the stage on this machine, and plays messages and alerts through it. */
async function playStage(options: RehearsalOptions, stage: Stage, region: string, tell: Tell): Promise<readonly Finding[]> {
  const { root, onLine, signal } = options
  const folder = await mkdtemp(join(tmpdir(), 'apigw-rehearse-'))
  const posts: string[] = []
  try {
    const stacks = sentStacks(await planStage(stage, [], root), 'apigw-artifacts')
    const place = { account, region }
    const hosts = { [slackHost]: slack(posts) }
    const running = await started({ stacks, place, folder, root, hosts, ...(onLine && { onLine }) }, tell)
    if (running === undefined) return []
    try {
      tell({
        what: starts,
        passed: true,
        detail: `${running.resources.length} resources`,
      })
      unlessStopped(signal)
      await playMessages(running, tell)
      unlessStopped(signal)
      await playAlerts(running, posts, tell)
      return running.findings.all
    } finally {
      await running.stop()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Rehearses a deployment without an AWS account: CloudFormation by its documented rules, then the real code of the stage behind
 * the network and the policies of its templates.
 * @throws Problem `config-invalid` for the settings, `check-failed` if a program is not installed
 */
export async function rehearse(options: RehearsalOptions): Promise<Rehearsal> {
  const region = options.stage.region ?? defaultRegion
  const stage = withImage({ ...options.stage, region }, region)
  // Settings that are not valid are an error, and no step of a rehearsal.
  await planStage(stage, [], options.root)
  const steps: Step[] = []
  const tell: Tell = (step) => {
    steps.push(step)
    options.tell(step)
  }
  await playDeployment(stage, { account, region }, options.root, tell)
  unlessStopped(options.signal)
  const findings = await playStage(options, stage, region, tell)
  return { steps, findings, passed: findings.length === 0 && steps.every(({ passed }) => passed) }
}
