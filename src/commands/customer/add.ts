import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { limitFlags, quotaChange } from '../../cli/limits.ts'
import { ask } from '../../cli/prompts.ts'
import { repeated } from '../../cli/repeated.ts'
import { timeZone } from '../../domain/calendar.ts'
import { customerId, environments, queueName } from '../../domain/names.ts'
import { Problem } from '../../domain/problem.ts'
import { type QuotaChange, quotaLimit } from '../../domain/quota.ts'
import { addCustomer, defaultTimeZone, type NewCustomer } from '../../operations/customers/index.ts'
import { issuedJson, issuedText, profileJson, profileText } from '../../presenters/render.ts'

export default class CustomerAdd extends BaseCommand {
  static override summary = 'add a customer, with quota, route and keys in one step'
  static override description =
    'On a terminal it asks for what the flags leave open. Everything is written in one step, or nothing is.\nThe test environment is ready at once: 1,000 units a day, route to the queue "sandbox".'
  static override examples = [
    '<%= config.bin %> customer add acme --name "Acme Ltd" --day 1000 --month 20000 --queue carrier-a --key live',
    '<%= config.bin %> customer add acme --day 1000 --queue carrier-a --key live --key test --json',
  ]
  static override args = { customer: Args.string({ description: 'its id: a-z, 0-9 and "-"' }) }
  static override flags = {
    name: Flags.string({ env: 'APIGW_NAME', summary: 'its name, for people' }),
    'time-zone': Flags.string({
      env: 'APIGW_TIME_ZONE',
      helpValue: 'ZONE',
      summary: `whose midnight resets the quotas (default ${defaultTimeZone})`,
    }),
    ...limitFlags,
    queue: Flags.string({ env: 'APIGW_QUEUE', summary: 'queue that its live messages go to' }),
    key: Flags.option({
      options: environments,
      multiple: true,
      env: 'APIGW_KEY',
      summary: 'issue a Basic key for this environment',
    })(),
    yes: shared.yes,
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(CustomerAdd)
    const typed = {
      id: args.customer,
      name: flags.name,
      timeZone: flags['time-zone'],
      queue: flags.queue,
      quota: quotaChange(flags),
      keysFor: repeated(flags.key),
    }
    const input = this.interactive && !flags.yes ? await completed(typed) : typed
    const { id } = input
    if (id === undefined) {
      throw new Problem('input-missing', 'Which customer? The id is missing.', {
        next: 'apigw customer add ID --day N --queue QUEUE --key live',
      })
    }
    return this.withContext(flags, async (context) => {
      const { profile, keys } = await addCustomer(context, { ...input, id })
      const dryRun = flags['dry-run']
      const { createdAt: now } = profile.customer
      this.log([profileText(profile, now), ...keys.map((key) => issuedText(key, dryRun))].join('\n\n'))
      if (keys.length === 0) this.note(`Next: apigw key issue ${id} --env test`)
      return { ...profileJson(profile, now), keys: keys.map((key) => issuedJson(key, now, dryRun)), dryRun }
    })
  }
}

type Wishes = { readonly [field in keyof NewCustomer]?: NewCustomer[field] | undefined }

/** Asks for what was not typed. An empty answer leaves a limit or the route out. */
async function completed(typed: Wishes): Promise<Wishes> {
  const id = typed.id ?? (await ask({ message: 'Customer id', check: customerId }))
  const name = typed.name ?? (await ask({ message: 'Name', fallback: id }))
  const zone = typed.timeZone ?? (await ask({ message: 'Time zone', fallback: defaultTimeZone, check: timeZone }))
  const quota = typed.quota ?? (await askedQuota())
  const queue = typed.queue ?? (await askedQueue())
  const keysFor = typed.keysFor ?? environments.filter((environment) => environment === 'test' || queue !== '')
  return { id, name, timeZone: zone, quota, queue: queue === '' ? undefined : queue, keysFor }
}

function askedQueue(): Promise<string> {
  const check = (answer: string): void => void (answer.trim() === '' || queueName(answer.trim(), 'live'))
  return ask({ message: 'Queue for live messages (empty: set a route later)', check })
}

async function askedQuota(): Promise<QuotaChange | undefined> {
  const limit = async (name: 'day' | 'month', message: string) =>
    quotaLimit(name, await ask({ message, fallback: 'none', check: (answer) => void quotaLimit(name, answer) }))
  const day = await limit('day', 'Live units a day')
  const month = await limit('month', 'Live units a month')
  return day === null && month === null ? undefined : { day, month }
}
