import { Args, Flags } from '@oclif/core'
import { currentActor } from '../cli/actor.ts'
import { BaseCommand, shared } from '../cli/base.ts'
import { confirm } from '../cli/confirm.ts'
import { interruptible } from '../cli/interrupt.ts'
import { repeated } from '../cli/repeated.ts'
import { stageOf } from '../cli/stage.ts'
import { confirmNames } from '../cli/typed-name.ts'
import { type Rehearsal, rehearse } from '../dev/rehearse/index.ts'
import { apigw } from '../domain/next-step.ts'
import { Problem } from '../domain/problem.ts'
import { quantity } from '../domain/quantity.ts'
import { type Quota, quotaNeeds, readQuotas } from '../operations/quotas/index.ts'
import {
  awsCliCommands,
  type Change,
  type Cost,
  deployStage,
  diffStage,
  findEngine,
  monthlyCost,
  planParameters,
  planRollback,
  planStage,
  type StackClients,
  type StackDeployment,
  type StackPlan,
  type StackResult,
  type Stage,
  stackClients,
  writeOut,
} from '../operations/stacks/index.ts'
import { changesText, costText, losesData, unknownText } from '../presenters/changes.ts'
import { quotasText } from '../presenters/quotas.ts'
import { rehearsalText, stepText } from '../presenters/rehearsal.ts'

interface DeployFlags {
  readonly yes: boolean
  readonly wait: boolean
  readonly 'dry-run': boolean
  readonly rollback: boolean
  readonly confirm?: string[] | undefined
}

/** The longest that the quotas of the account hold up a deployment. */
const quotasMs = 10_000

/** A hot fix: it must not wait for a trial, nor be kept back by the alarm that it ends. */
function releasedAtOnce(stage: Stage): Stage {
  return { ...stage, settings: { ...stage.settings, release: 'at-once' } }
}

const states = { new: 'new', failed: 'failed before; will be recreated', there: '' } as const

export default class Deploy extends BaseCommand {
  static override summary = 'deploy a stage to AWS'
  static override description =
    'Shows what will be created, changed, replaced and deleted, and what it costs, before it changes anything. If data would be lost, you must type the name of the stack. Stacks that are up to date are skipped, so you can run it again after a failure. With --rollback it returns to the version before the last deployment, with the same preview and questions.'
  static override examples = [
    '<%= config.bin %> deploy --stage prod',
    '<%= config.bin %> deploy gateway worker',
    '<%= config.bin %> deploy --dry-run --out build',
    '<%= config.bin %> deploy --rehearse',
    '<%= config.bin %> deploy --yes --wait --json',
    '<%= config.bin %> deploy --rollback --stage prod',
    '<%= config.bin %> deploy gateway --at-once',
  ]
  static override args = { stack: Args.string({ multiple: true, description: 'stacks to deploy (default: all)' }) }
  static override flags = {
    'dry-run': shared.dryRun,
    out: Flags.string({
      env: 'APIGW_OUT',
      helpValue: 'DIR',
      summary: 'with --dry-run: write templates, parameters and bundles to this folder; needs no AWS account',
    }),
    rehearse: Flags.boolean({
      env: 'APIGW_REHEARSE',
      exclusive: ['dry-run', 'out', 'rollback', 'yes', 'confirm', 'wait'],
      summary: 'run the stage on this machine as its templates say, with the network and policies of AWS; needs no AWS account',
    }),
    rollback: Flags.boolean({
      default: false,
      env: 'APIGW_ROLLBACK',
      summary: 'return to the templates, parameters and code from before the last deployment',
    }),
    'at-once': Flags.boolean({
      default: false,
      env: 'APIGW_AT_ONCE',
      exclusive: ['rollback'],
      summary: 'move all callers to the new version at once, without alarms that take it back; for urgent fixes',
    }),
    yes: shared.yes,
    confirm: shared.confirm,
    wait: shared.wait,
    profile: shared.profile,
  }

  async run() {
    const { args, flags } = await this.parse(Deploy)
    if (flags.out !== undefined && !flags['dry-run']) {
      throw new Problem('usage', '--out requires --dry-run, because it deploys nothing.', {
        next: apigw('deploy', '--dry-run', '--out', flags.out),
      })
    }
    if (flags.out !== undefined && flags.rollback) {
      throw new Problem(
        'usage',
        '--out writes the version that apigw.yaml describes, and --rollback returns to an earlier one.',
        {
          next: apigw('deploy', '--rollback', '--dry-run'),
        },
      )
    }
    const configured = stageOf(this.settings(flags))
    const stage = flags['at-once'] ? releasedAtOnce(configured) : configured
    const named = args.stack ?? []
    if (flags.rehearse) return this.#rehearse(stage, named)
    if (flags.out !== undefined) return this.#writeOut(stage, await planStage(stage, named, this.config.root), flags.out)
    const planned = flags.rollback ? undefined : await planStage(stage, named, this.config.root)
    const clients = await stackClients({ region: stage.region, profile: flags.profile })
    try {
      return await interruptible(async (signal) => {
        const plans = planned ?? (await this.#rollback(clients, stage, named))
        return this.#deploy(clients, stage, plans, flags, signal)
      })
    } finally {
      clients.close()
    }
  }

  async #rehearse(stage: Stage, named: readonly string[]): Promise<Rehearsal & { readonly stage: string }> {
    if (named.length > 0) {
      throw new Problem('usage', '--rehearse rehearses all stacks of the stage.', { next: apigw('deploy', '--rehearse') })
    }
    this.note(`Stage ${stage.name}: rehearsing on this machine. Nothing is deployed.`)
    const rehearsal = await interruptible((signal) =>
      rehearse({ stage, root: this.config.root, tell: (step) => this.note(stepText(step)), signal }),
    )
    this.log(rehearsalText(rehearsal))
    if (!rehearsal.passed) process.exitCode = 1
    return { stage: stage.name, ...rehearsal }
  }

  /** What the last deployment replaced. The same preview and questions follow as for a deployment. */
  async #rollback(clients: StackClients, stage: Stage, named: readonly string[]): Promise<readonly StackPlan[]> {
    const { at, by, plans } = await planRollback(clients, stage, named)
    const who = by === null ? '' : ` by ${by}`
    this.note(`Rolling back the deployment of ${at.slice(0, 19)}Z${who}: ${plans.map(({ key }) => key).join(', ')}.`)
    return plans
  }

  async #writeOut(stage: Stage, plans: readonly StackPlan[], folder: string) {
    const files = await writeOut(stage, plans, folder)
    const cost = this.#cost(plans, stage.region)
    this.log(`Wrote ${quantity(files.length, 'file')} to ${folder}.`)
    const account =
      'To deploy by hand, replace ACCOUNT with your account id, here and in the parameters. After each stack, replace each value "OUTPUT name OF stack" with that output:'
    this.note([account, ...awsCliCommands(stage, plans, folder)].join('\n  '))
    return { stage: stage.name, region: stage.region ?? null, dryRun: true, folder, files, cost }
  }

  #cost(plans: readonly StackPlan[], region: string | undefined): Cost | null {
    if (region === undefined) {
      this.note('No cost estimate without a region. See https://calculator.aws')
      return null
    }
    const cost = monthlyCost(plans, region)
    this.note(costText(cost))
    return cost
  }

  async #deploy(clients: StackClients, stage: Stage, plans: readonly StackPlan[], flags: DeployFlags, signal: AbortSignal) {
    const { region } = clients
    const steps = {
      report: (line: string) => this.note(line),
      signal,
      wait: flags.wait,
      who: currentActor(process.env).who,
      statusCommand: apigw('status', '--stage', stage.name),
    }
    this.note(`Stage ${stage.name} in ${region}: computing changes.`)
    const deployments = await diffStage(clients, stage, plans, { ...steps, approve: async () => false })
    const changing = deployments.filter(({ changes, state }) => changes.length > 0 || state !== 'there')
    for (const one of changing) {
      this.note(changesText(one.desired.name, states[one.state], one.changes))
      if (one.unknown.length > 0) this.note(unknownText(one.unknown))
    }
    await this.#image(deployments, signal)
    const cost = this.#cost(plans, region)
    const quotas = await this.#quotas(clients, deployments, plans, signal)
    const head = { stage: stage.name, region, dryRun: flags['dry-run'], rollback: flags.rollback, cost, quotas }
    if (flags['dry-run']) {
      this.note('Dry run: nothing was changed.')
      return { ...head, stacks: deployments.map(deploymentLine) }
    }
    const loss = changing.filter(({ changes }) => losesData(changes))
    await this.#approved(
      stage,
      changing,
      loss.map(({ desired }) => desired.name),
      flags,
    )
    const results: StackResult[] = []
    const approve = async (name: string, changes: readonly Change[]): Promise<boolean> => {
      this.note(changesText(name, 'has other changes than shown', changes))
      await this.#agreed(stage, `The changes of ${name} differ from those shown.`, losesData(changes) ? [name] : [], flags)
      return true
    }
    await deployStage(clients, deployments, stage, { ...steps, approve, rollback: flags.rollback }, (result) => {
      results.push(result)
      this.log(`${result.name}  ${result.changed ? 'deployed' : 'up to date'}`)
    })
    return { ...head, stacks: results }
  }

  /** Says before the question whether the image can be built here: without it the deployment stops halfway. */
  async #image(deployments: readonly StackDeployment[], signal: AbortSignal): Promise<void> {
    const waiting = deployments.filter(({ image }) => image !== undefined).map(({ key }) => key)
    if (waiting.length === 0) return
    const engine = await findEngine(signal)
    const how = engine
      ? `${engine.name} builds the image of this version, and it is pushed before ${waiting.join(' and ')}.`
      : `No docker, podman or buildah works here, so the deployment stops before ${waiting.join(' and ')} until the image is pushed.`
    this.note(`Image: ${how}`)
  }

  /** The quotas that are too small, before the first stack fails for one; null if they could not be read. */
  async #quotas(
    clients: StackClients,
    deployments: readonly StackDeployment[],
    plans: readonly StackPlan[],
    signal: AbortSignal,
  ): Promise<readonly Quota[] | null> {
    const needs = quotaNeeds(Object.fromEntries(plans.map((plan) => [plan.key, planParameters(plan)])))
    const isNew = deployments.some(({ key, state }) => key === 'network' && state === 'new')
    const { region, profile } = clients
    const place = { region, profile, credentials: () => clients.sts.config.credentials() }
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(quotasMs)])
      const quotas = await readQuotas(
        place,
        needs.filter(({ counted }) => counted === undefined || isNew),
        limit,
      )
      const short = quotas.filter(({ isEnough }) => !isEnough)
      if (short.length > 0) this.note(quotasText(short))
      return short
    } catch (error) {
      signal.throwIfAborted()
      this.note(`The quotas of the account were not checked: ${error instanceof Error ? error.message : String(error)}`)
      return null
    }
  }

  async #approved(
    stage: Stage,
    changing: readonly StackDeployment[],
    losing: readonly string[],
    flags: DeployFlags,
  ): Promise<void> {
    if (changing.length === 0) return
    const names = changing.map(({ key }) => key).join(', ')
    await this.#agreed(stage, `This changes ${names} of ${stage.name}.`, losing, flags)
  }

  async #agreed(stage: Stage, what: string, losing: readonly string[], flags: DeployFlags): Promise<void> {
    const { interactive } = this
    await confirmNames('Data would be lost.', losing, {
      confirmed: repeated(flags.confirm) ?? [],
      interactive,
      next: apigw('deploy', '--stage', stage.name, ...(flags.rollback ? ['--rollback'] : []), '--yes'),
    })
    if (losing.length === 0 || !interactive) await confirm(what, { yes: flags.yes, interactive })
  }
}

function deploymentLine({ key, desired, state, changes, unknown, image }: StackDeployment) {
  return { stack: key, name: desired.name, state, changes, unknown, image: image?.tag ?? null }
}
