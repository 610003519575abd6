import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { limitFlags, quotaChange } from '../../cli/limits.ts'
import { ask } from '../../cli/prompts.ts'
import { repeated } from '../../cli/repeated.ts'
import { timeZone } from '../../domain/calendar.ts'
import { customerId, environments, queueName } from '../../domain/names.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { type QuotaChange, quotaLimit } from '../../domain/quota.ts'
import { addCustomer, defaultTimeZone, type NewCustomer } from '../../operations/customers/index.ts'
import { issuedJson, issuedText, profileJson, profileText } from '../../presenters/render.ts'
import { senderNumber } from '../../registry/index.ts'

export default class CustomerAdd extends BaseCommand {
  static override summary = 'add a customer with its quota, route and keys'
  static override description =
    'On a terminal, prompts for the values that the flags leave out. Writes everything in one step or nothing.\nThe test environment is ready at once: 1,000 units per day, routed to the queue "sandbox".'
  static override examples = [
    '<%= config.bin %> customer add acme --name "Acme Ltd" --day 1000 --queue carrier-a --sender 1588-1234 --key live',
    '<%= config.bin %> customer add acme --day 1000 --queue carrier-a --key live --key test --json',
  ]
  static override args = { customer: Args.string({ description: 'customer id: a-z, 0-9 and "-"' }) }
  static override flags = {
    name: Flags.string({ env: 'APIGW_NAME', summary: 'display name' }),
    'time-zone': Flags.string({
      env: 'APIGW_TIME_ZONE',
      helpValue: 'ZONE',
      summary: `IANA time zone in which quotas reset (default ${defaultTimeZone})`,
    }),
    ...limitFlags,
    queue: Flags.string({ env: 'APIGW_QUEUE', summary: 'queue for live messages' }),
    sender: Flags.string({
      env: 'APIGW_SENDER',
      multiple: true,
      helpValue: 'NUMBER',
      summary: 'registered sender; repeatable',
    }),
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
      senders: repeated(flags.sender),
      keysFor: repeated(flags.key),
    }
    const input = this.interactive && !flags.yes ? await promptForMissing(typed) : typed
    const { id } = input
    if (id === undefined) {
      throw new Problem('input-missing', 'The customer id is missing.', {
        next: apigw('customer add', 'ID', '--day', 'N', '--queue', 'QUEUE', '--key', 'live'),
      })
    }
    return this.withContext(flags, async (context) => {
      const { profile, keys } = await addCustomer(context, { ...input, id })
      const dryRun = flags['dry-run']
      const { createdAt: now } = profile.customer
      this.log([profileText(profile, now), ...keys.map((key) => issuedText(key, dryRun))].join('\n\n'))
      if (keys.length === 0) this.note(step`Next: ${apigw('key issue', id, '--env', 'test')}`)
      else if (profile.sending === undefined && input.queue !== undefined) {
        this.note(step`Live messages are refused until there is a sender. Next: ${apigw('sender add', id, 'NUMBER')}`)
      }
      return { ...profileJson(profile, now), keys: keys.map((key) => issuedJson(key, now, dryRun)), dryRun }
    })
  }
}

type PartialCustomer = { readonly [field in keyof NewCustomer]?: NewCustomer[field] | undefined }

/** Prompts for the values that were not typed. An empty answer sets no limit or no route. */
async function promptForMissing(typed: PartialCustomer): Promise<PartialCustomer> {
  const id = typed.id ?? (await ask({ message: 'Customer id', check: customerId }))
  const name = typed.name ?? (await ask({ message: 'Name', fallback: id }))
  const zone = typed.timeZone ?? (await ask({ message: 'Time zone', fallback: defaultTimeZone, check: timeZone }))
  const quota = typed.quota ?? (await promptForQuota())
  const queue = typed.queue ?? (await promptForQueue())
  const senders = typed.senders ?? (queue === '' ? undefined : await promptForSender())
  const keysFor = typed.keysFor ?? environments.filter((environment) => environment === 'test' || queue !== '')
  return { id, name, timeZone: zone, quota, queue: queue === '' ? undefined : queue, senders, keysFor }
}

async function promptForSender(): Promise<string[] | undefined> {
  const check = (answer: string): void => void (answer.trim() === '' || senderNumber(answer.trim()))
  const number = await ask({ message: 'Registered sender (leave empty to add one later)', check })
  return number.trim() === '' ? undefined : [number.trim()]
}

function promptForQueue(): Promise<string> {
  const check = (answer: string): void => void (answer.trim() === '' || queueName(answer.trim(), 'live'))
  return ask({ message: 'Queue for live messages (leave empty to set a route later)', check })
}

async function promptForQuota(): Promise<QuotaChange | undefined> {
  const limit = async (name: 'day' | 'month', message: string) =>
    quotaLimit(name, await ask({ message, fallback: 'none', check: (answer) => void quotaLimit(name, answer) }))
  const day = await limit('day', 'Live units per day')
  const month = await limit('month', 'Live units per month')
  return day === null && month === null ? undefined : { day, month }
}
