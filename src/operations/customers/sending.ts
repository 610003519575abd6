import { priceClassesDocument, priceClassesFrom, priceClassOf } from '../../domain/price-classes.ts'
import { type Prices, policyOf, type Sender, type SendingPolicy } from '../../domain/sending.ts'
import { type OperatorRegistry, type Profile, type SenderChange, senderNumber, storedProfile } from '../../registry/index.ts'
import { type Context, changedProfile } from './change.ts'
import { setCustomer } from './customers.ts'

/** `expired` is what a sender becomes when its end has passed; the store keeps what was set. */
type SenderState = Sender['state'] | 'expired'

export function senderState({ state, expiresAt }: Sender, now: number): SenderState {
  return expiresAt !== undefined && now >= expiresAt ? 'expired' : state
}

function senderOf(profile: Profile, text: string): Sender {
  const number = senderNumber(text)
  const sender = profile.sending?.senders?.find((one) => one.number === number)
  if (sender === undefined) throw new Error(`the registry kept no sender ${number}`)
  return sender
}

/** @throws Problem `sender-exists`, `sender-invalid`, `customer-unknown` */
export async function addSender(context: Context, customer: string, number: string, sender: SenderChange): Promise<Sender> {
  return senderOf(await changedProfile(context, { kind: 'addSender', customer, number, sender }), number)
}

/** @throws Problem `sender-unknown`, `sender-invalid`, `customer-unknown` */
export async function setSender(context: Context, customer: string, number: string, sender: SenderChange): Promise<Sender> {
  return senderOf(await changedProfile(context, { kind: 'setSender', customer, number, sender }), number)
}

/** @throws Problem `sender-unknown`, `customer-unknown` */
export async function removeSender(context: Context, customer: string, number: string): Promise<string> {
  await changedProfile(context, { kind: 'removeSender', customer, number })
  return senderNumber(number)
}

/** A customer's senders and what it may send. */
export async function sendingOf(
  registry: OperatorRegistry,
  customer: string,
): Promise<{ readonly senders: readonly Sender[]; readonly policy: SendingPolicy }> {
  const { profile } = await storedProfile(registry, customer)
  return { senders: profile.sending?.senders ?? [], policy: policyOf(profile.sending) }
}

export async function priceClasses(registry: OperatorRegistry): Promise<ReadonlyMap<string, Prices>> {
  return priceClassesFrom((await registry.document(priceClassesDocument))?.text)
}

/** @throws Problem `price-class-unknown`, with the nearest name */
export async function priceClass(registry: OperatorRegistry, name: string): Promise<Prices> {
  return priceClassOf(await priceClasses(registry), name)
}

/** Adds a price class or replaces it. @throws Problem `input-invalid` */
export async function setPriceClass({ registry, actor }: Context, prices: Prices): Promise<void> {
  await registry.change({ kind: 'setPriceClass', prices }, actor)
}

/** @throws Problem `price-class-unknown` */
export async function removePriceClass({ registry, actor }: Context, name: string): Promise<void> {
  await registry.change({ kind: 'removePriceClass', name }, actor)
}

function samePrices(a: Prices | undefined, b: Prices): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/**
 * Gives every customer of a price class the prices that the class has now. A second run continues where the first one stopped.
 * @returns the customers that were changed, and how many had the prices already
 * @throws Problem `price-class-unknown`
 */
export async function applyPriceClass(
  context: Context,
  name: string,
): Promise<{ readonly changed: readonly string[]; readonly same: number }> {
  const { registry } = context
  const prices = await priceClass(registry, name)
  const changed: string[] = []
  let same = 0
  for (const { id } of await registry.customers()) {
    const stored = (await registry.profile(id))?.profile.sending?.prices
    if (stored?.name !== name) continue
    if (samePrices(stored, prices)) same += 1
    else {
      await setCustomer(context, id, {}, { prices })
      changed.push(id)
    }
  }
  return { changed, same }
}
