import { Flags } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { interruptible } from '../../cli/interrupt.ts'
import { ask } from '../../cli/prompts.ts'
import { Problem } from '../../domain/problem.ts'
import { checkedWebhooks, install, previewInstall } from '../../operations/trail/index.ts'
import { changesText } from '../../presenters/changes.ts'
import { findWebhooks, TrailCommand, trailFlags } from '../../presenters/trail.ts'

async function adoptOrOwn(trail: string): Promise<'adopt' | 'own'> {
  const message = `There is a trail of all regions already: ${trail}. AWS bills a second one for every event. Type adopt to use it, or own to make another`
  const typed = await ask({ message })
  if (typed === 'adopt' || typed === 'own') return typed
  throw new Problem('declined', 'That was neither; nothing was changed.')
}

export default class TrailInstall extends TrailCommand {
  static override summary = 'tell in Slack what happens in the AWS account; again to update'
  static override description =
    'Makes a trail of all regions with its bucket, key and log group, alarms, event rules, an encrypted topic and the notifier, from a change set that is shown first. The webhook comes from APIGW_SLACK_WEBHOOK, stdin (--webhook -) or a prompt, and goes into Secrets Manager.'
  static override examples = [
    '<%= config.bin %> trail install --email ops@example.com',
    'pass show slack | <%= config.bin %> trail install --webhook - --yes',
    '<%= config.bin %> trail install --adopt management-events --dry-run',
  ]
  static override flags = {
    webhook: Flags.string({ env: 'APIGW_WEBHOOK', helpValue: '-', summary: '"-": read the webhook from stdin' }),
    email: Flags.string({
      env: 'APIGW_EMAIL',
      helpValue: 'ADDRESS',
      summary: 'who hears by mail when this pipeline itself fails',
    }),
    adopt: Flags.string({
      env: 'APIGW_ADOPT',
      helpValue: 'TRAIL',
      exclusive: ['own'],
      summary: 'use the log group of a trail that is there, instead of making one',
    }),
    own: Flags.boolean({ default: false, env: 'APIGW_OWN', summary: 'make a trail although there is another' }),
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
    const webhooks = found === undefined ? undefined : checkedWebhooks(found)
    const wanted = {
      choices,
      webhooks,
      email: flags.email,
      adopt: flags.own ? ('own' as const) : flags.adopt === undefined ? undefined : { trail: flags.adopt },
      ask: this.interactive ? adoptOrOwn : undefined,
      dryRun: flags['dry-run'],
    }
    return interruptible((signal) =>
      this.withTrail(flags, async (clients) => {
        const steps = this.stackSteps(flags, 'apigw trail install', signal)
        if (flags['dry-run']) {
          const stacks = await previewInstall(clients, wanted, steps)
          for (const { stack, changes } of stacks)
            this.log(changesText(stack, changes.length === 0 ? 'is as it should be' : '', changes))
          this.note('Dry run: nothing was changed.')
          return { dryRun: true, stacks }
        }
        const done = await install(clients, wanted, steps)
        this.log(done.changed ? `The trail of ${done.region} is installed.` : `The trail of ${done.region} is as it should be.`)
        this.note('Next: apigw trail test')
        return { dryRun: false, ...done }
      }),
    )
  }
}
