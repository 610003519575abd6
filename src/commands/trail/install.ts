import { Flags } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { interruptible } from '../../cli/interrupt.ts'
import { ask } from '../../cli/prompts.ts'
import { TrailCommand, trailFlags } from '../../cli/trail-command.ts'
import { findWebhooks } from '../../cli/webhooks.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { install, parseWebhooks, previewInstall } from '../../operations/trail/index.ts'
import { changesText } from '../../presenters/changes.ts'

async function askAdoptOrOwn(trail: string): Promise<'adopt' | 'own'> {
  const message = `A multi-region trail already exists: ${trail}. AWS bills a second trail for every event. Type adopt to use it, or own to create another`
  const typed = await ask({ message })
  if (typed === 'adopt' || typed === 'own') return typed
  throw new Problem('declined', 'Not confirmed. Nothing was changed.')
}

export default class TrailInstall extends TrailCommand {
  static override summary = 'report AWS account activity in Slack; run it again to update'
  static override description =
    'Creates a multi-region trail with its bucket, key and log group, alarms, event rules, an encrypted topic and the notifier, from a change set that is shown first. Reads the webhook from APIGW_SLACK_WEBHOOK, stdin (--webhook -) or a prompt, and stores it in Secrets Manager.'
  static override examples = [
    '<%= config.bin %> trail install --email ops@example.com',
    'pass show slack | <%= config.bin %> trail install --webhook - --yes',
    '<%= config.bin %> trail install --adopt management-events --dry-run',
  ]
  static override flags = {
    webhook: Flags.string({ env: 'APIGW_WEBHOOK', helpValue: '-', summary: '"-" reads the webhook from stdin' }),
    email: Flags.string({
      env: 'APIGW_EMAIL',
      helpValue: 'ADDRESS',
      summary: 'email address to notify if the pipeline itself fails',
    }),
    adopt: Flags.string({
      env: 'APIGW_ADOPT',
      helpValue: 'TRAIL',
      exclusive: ['own'],
      summary: 'use the log group of an existing trail instead of creating a trail',
    }),
    own: Flags.boolean({ default: false, env: 'APIGW_OWN', summary: 'create a trail even if another one exists' }),
    'dry-run': shared.dryRun,
    yes: shared.yes,
    confirm: shared.confirm,
    wait: shared.wait,
    ...trailFlags,
  }

  async run() {
    const { flags } = await this.parse(TrailInstall)
    const { trail: choices } = this.settings(flags)
    const found = await findWebhooks(flags.webhook, { interactive: this.interactive && !flags['dry-run'] })
    const webhooks = found === undefined ? undefined : parseWebhooks(found)
    const wanted = {
      choices,
      webhooks,
      email: flags.email,
      adopt: flags.own ? ('own' as const) : flags.adopt === undefined ? undefined : { trail: flags.adopt },
      ask: this.interactive ? askAdoptOrOwn : undefined,
      dryRun: flags['dry-run'],
    }
    return interruptible((signal) =>
      this.withTrail(flags, async (clients) => {
        const steps = this.stackSteps(flags, apigw('trail install'), signal)
        if (flags['dry-run']) {
          const stacks = await previewInstall(clients, wanted, steps)
          for (const { stack, changes } of stacks) this.log(changesText(stack, changes.length === 0 ? 'up to date' : '', changes))
          this.note('Dry run: nothing was changed.')
          return { dryRun: true, stacks }
        }
        const done = await install(clients, wanted, steps)
        this.log(done.changed ? `Installed the trail in ${done.region}.` : `The trail in ${done.region} is up to date.`)
        this.note(step`Next: ${apigw('trail test')}`)
        return { dryRun: false, ...done }
      }),
    )
  }
}
