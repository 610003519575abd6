import type { CustomerChange } from '../../domain/customer.ts'
import type { Environment } from '../../domain/names.ts'
import type { QuotaChange } from '../../domain/quota.ts'
import type { MediaLimits } from '../../domain/route.ts'
import type { Prices, Sender, SendingSettings } from '../../domain/sending.ts'
import type { Configuration } from '../configuration/schema.ts'

/** Who makes a change and from where, for the audit log. */
export interface Actor {
  readonly who: string
  readonly from: string
}

/** The stored side of a secret that was just made: what it can be checked with, and nothing it could be read from. */
export type SecretSide =
  | { readonly scheme: 'basic' | 'jwt'; readonly digest: string }
  | { readonly scheme: 'hmac'; readonly sealed: string }

/** A new key as its maker describes it. When it begins and was made is decided by the registry's clock. */
export interface NewKey {
  readonly keyId: string
  readonly environment: Environment
  readonly side: SecretSide
  /** Milliseconds since 1970. */
  readonly notBefore?: number
  readonly expiresAt?: number
  /** As `addressRange` reads them. */
  readonly allowIps?: readonly string[]
}

export interface NewRoute {
  readonly api: string
  readonly environment: Environment
  /** As `targetFrom` reads them. */
  readonly targets: readonly string[]
  readonly media?: MediaLimits
}

/** What is known of a sender: `null` takes a field away, an absent one stays. */
export interface SenderChange {
  readonly state?: Sender['state']
  readonly document?: string | null
  /** Milliseconds since 1970. */
  readonly expiresAt?: number | null
}

/** A change of what a customer may send: `null` restores the default, an absent field stays. */
export type SendingChange = {
  readonly [field in Exclude<keyof SendingSettings, 'senders'>]?: SendingSettings[field] | null
}

/** A change of one customer, as what is meant and not as what is to be stored. */
export type ProfileChange =
  | {
      readonly kind: 'addCustomer'
      readonly customer: string
      readonly name?: string
      readonly timeZone?: string
      /** The live quota. Absent: none, and live calls are refused until one is set. */
      readonly quota?: QuotaChange
      /** The queue of the live route. */
      readonly queue?: string
      /** Registered senders, as people write numbers. */
      readonly senders?: readonly string[]
      readonly keys: readonly NewKey[]
    }
  | {
      readonly kind: 'setCustomer'
      readonly customer: string
      readonly change: CustomerChange
      readonly sending?: SendingChange
    }
  | {
      readonly kind: 'setQuota'
      readonly customer: string
      readonly environment: Environment
      readonly change: QuotaChange
    }
  | { readonly kind: 'addSender'; readonly customer: string; readonly number: string; readonly sender: SenderChange }
  | { readonly kind: 'setSender'; readonly customer: string; readonly number: string; readonly sender: SenderChange }
  | { readonly kind: 'removeSender'; readonly customer: string; readonly number: string }
  | { readonly kind: 'addRoute'; readonly customer: string; readonly route: NewRoute }
  | { readonly kind: 'removeRoute'; readonly customer: string; readonly api: string; readonly environment: Environment }
  | { readonly kind: 'issueKey'; readonly customer: string; readonly key: NewKey }
  | {
      readonly kind: 'rotateKey'
      readonly customer: string
      readonly keyId: string
      /** How long the old key still works. */
      readonly overlapMs: number
      /** The new key. All else it takes from the old one. */
      readonly newKeyId: string
      readonly side: SecretSide
    }
  | { readonly kind: 'revokeKey'; readonly customer: string; readonly keyId: string }
  | {
      readonly kind: 'rewrapKeys'
      readonly customer: string
      /** The master key that they are sealed under now. */
      readonly masterId: string
      /** Only a secret that is still sealed as `from` is replaced. */
      readonly keys: readonly { readonly keyId: string; readonly from: string; readonly to: string }[]
    }
  /** Changes nothing: the audit log gets a line of who read personal data of this customer's recipients, and why. */
  | { readonly kind: 'noteReading'; readonly customer: string; readonly environment: Environment; readonly reason: string }
  /** Changes nothing, too: who asked to erase what is kept of a person, and why. `person` is a keyed hash of the number. */
  | { readonly kind: 'noteErasure'; readonly customer: string; readonly person: string; readonly reason: string }

/** Gives a customer the configuration of a file, or adds it. */
export interface ConfigurationChange {
  readonly kind: 'configureCustomer'
  readonly customer: string
  /** The revision that the change was planned with (`revisionOf`); absent: the customer must not exist. */
  readonly expected?: string
  readonly configuration: Configuration
}

/** A change of what all customers share. */
export type SharedChange =
  | { readonly kind: 'addDefaultRoute'; readonly route: NewRoute }
  | { readonly kind: 'removeDefaultRoute'; readonly api: string; readonly environment: Environment }
  /** Adds a price class or replaces it. Customers keep the prices that they have until theirs are set again. */
  | { readonly kind: 'setPriceClass'; readonly prices: Prices }
  | { readonly kind: 'removePriceClass'; readonly name: string }
  | {
      /** Closes the bill of a month, unless it is closed. */
      readonly kind: 'closeBill'
      readonly customer: string
      readonly month: string
      /** As `billText` writes a draft. Who closes it and when is added where the change is carried out. */
      readonly bill: string
      readonly reason?: string
    }
  | {
      readonly kind: 'rewrapTokenKeys'
      readonly masterId: string
      /** Keys that exist; none can be added. Gateways trust only those whose MAC holds. */
      readonly keys: readonly { readonly kid: string; readonly sealed: string; readonly mac: string }[]
    }
  | {
      readonly kind: 'writeNotes'
      /** The document of a web ACL. */
      readonly name: string
      readonly text: string
      /** The version that was read; absent: there was none. */
      readonly expected?: string
    }

/**
 * Everything that an operator may do to a registry. Each is checked by the domain where it is carried out, and the line of
 * the audit log is written there too: neither depends on who sent it.
 */
export type Change =
  | ProfileChange
  | { readonly kind: 'removeCustomer'; readonly customer: string }
  | ConfigurationChange
  | SharedChange
