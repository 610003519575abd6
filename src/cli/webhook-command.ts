import { apigw } from '../domain/next-step.ts'
import { Problem } from '../domain/problem.ts'
import { type WebhookKey, webhookName } from '../domain/webhook.ts'
import { storedProfile } from '../operations/customers/index.ts'
import { withLedger } from '../operations/reports/index.ts'
import { openWebhooks, type SealingPlace, type WebhookPlace } from '../operations/webhooks/index.ts'
import { loadMasterKeys, type Profile } from '../registry/index.ts'
import { BaseCommand } from './base.ts'
import type { BaseFlags } from './settings.ts'

type WebhookFlags = BaseFlags & { readonly env: 'live' | 'test'; readonly 'dry-run'?: boolean }

/** A command about the webhooks of one customer. */
export abstract class WebhookCommand extends BaseCommand {
  // oclif reads it from the direct parent class only.
  static override enableJsonFlag = true

  /** Opens what holds the webhooks of a customer who exists. @throws Problem `customer-unknown` */
  protected async withWebhooks<T>(
    customer: string,
    flags: WebhookFlags,
    work: (place: WebhookPlace, profile: Profile) => Promise<T>,
  ): Promise<T> {
    const { profile } = await this.withRegistry(flags, (registry) => storedProfile(registry, customer))
    return this.withWebhooksOfAnyone(flags, (place) => work(place, profile))
  }

  /** Opens what holds the webhooks, also those of customers who are gone. */
  protected withWebhooksOfAnyone<T>(flags: WebhookFlags, work: (place: WebhookPlace) => Promise<T>): Promise<T> {
    const dryRun = flags['dry-run'] ?? false
    const place = this.settings(flags).ledger
    return withLedger(place, async (ledger) => {
      const webhooks = openWebhooks(place)
      if (webhooks === undefined) throw new Error('a ledger was opened at the same place')
      const result = await work({ webhooks, ledger, now: Date.now, dryRun })
      if (dryRun) this.note('Dry run: nothing was changed.')
      return result
    })
  }

  /** A place that can seal secrets. @throws Problem `master-key-missing` */
  protected async sealing(place: WebhookPlace, flags: BaseFlags): Promise<SealingPlace> {
    const masterKeys = await loadMasterKeys(this.settings(flags).masterKey)
    if (masterKeys !== undefined) return { ...place, masterKeys }
    throw new Problem('master-key-missing', 'Secrets of webhooks are sealed under the master key, and none is configured.', {
      next: 'set APIGW_MASTER_KEY, APIGW_MASTER_KEY_FILE or APIGW_MASTER_KEY_SECRET',
    })
  }

  /** Which endpoint the arguments name. @throws Problem `input-invalid` */
  protected keyOf(args: { readonly customer: string; readonly name: string }, flags: WebhookFlags): WebhookKey {
    return { customer: args.customer, environment: flags.env, name: webhookName(args.name) }
  }

  /** Says where to look whether events arrive. */
  protected noteDeliveries({ customer, name, environment }: WebhookKey): void {
    this.note(apigw('webhook deliveries', customer, name, '--env', environment))
  }
}
