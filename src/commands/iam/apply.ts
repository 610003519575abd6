import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { ask, readStdin } from '../../cli/prompts.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { applyPlan, readPlan, readText } from '../../operations/audit/index.ts'

/** The default name of a record: names sort by time. */
function recordName(now: number): string {
  return `apigw-iam-undo-${new Date(now).toISOString().replaceAll(/[-:]|\.\d+Z$/g, '')}.jsonl`
}

export default class IamApply extends BaseCommand {
  static override summary = 'apply a plan from apigw audit iam, step by step'
  static override description =
    'Reads the account again, asks before each step, and records the previous state so that you can restore it. Refuses a step that would lock you out or leave the account without an administrator. Stops at the first failure. Exits with 1 if a step was refused or failed.'
  static override examples = ['<%= config.bin %> iam apply plan.yaml --dry-run', '<%= config.bin %> iam apply plan.yaml']
  static override args = { plan: Args.string({ required: true, description: 'plan file; - for stdin' }) }
  static override flags = {
    'dry-run': shared.dryRun,
    yes: shared.yes,
    record: Flags.string({
      env: 'APIGW_RECORD',
      helpValue: 'FILE',
      summary: 'file for the previous state (default: a new file in this folder)',
    }),
    profile: shared.profile,
  }

  async run() {
    const { args, flags } = await this.parse(IamApply)
    const plan = readPlan(await readText(args.plan, readStdin), args.plan)
    if (!flags.yes && !flags['dry-run'] && !this.interactive) {
      throw new Problem('input-missing', 'Each step requires confirmation, and there is no terminal to ask on.', {
        next: step`${apigw('iam apply', args.plan, '--dry-run')}, then add --yes`,
      })
    }
    const record = flags.record ?? recordName(Date.now())
    const steps = await applyPlan(plan, {
      region: this.settings(flags).region,
      profile: flags.profile,
      dryRun: flags['dry-run'],
      record,
      confirm: async (text) => flags.yes || /^y(?:es)?$/i.test(await ask({ message: `${text}? Type y to confirm` })),
      tell: (line) => this.note(line),
      now: Date.now,
    })
    const done = steps.filter(({ outcome }) => outcome === 'done').length
    for (const { text, outcome } of steps) this.log(`${outcome.replaceAll('-', ' ').padEnd(13)}  ${text}`)
    if (done > 0) this.note(`The previous state is recorded in ${record}.`)
    if (flags['dry-run']) this.note('Dry run: nothing was changed.')
    if (steps.some(({ outcome }) => outcome === 'refused' || outcome === 'failed')) process.exitCode = 1
    return { account: plan.account, dryRun: flags['dry-run'], record: done > 0 ? record : null, steps }
  }
}
