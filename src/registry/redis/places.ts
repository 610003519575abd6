import { type Environment, environments } from '../../domain/names.ts'
import { allCustomers } from '../registry.ts'

type Customer = { readonly customer: string }
type Owned = Customer & { readonly environment: Environment }

/** What a key of `keys.ts` is for, read back from its name. */
export type Place = { readonly key: string } & (
  | ({ readonly kind: 'profile' | 'retired' | 'history' } & Customer)
  | ({ readonly kind: 'usage' } & Owned)
  | ({ readonly kind: 'counts' } & Owned)
  | ({ readonly kind: 'filed'; readonly day: number } & Owned)
  | ({ readonly kind: 'record'; readonly name: string } & Owned)
  | ({ readonly kind: 'messages' | 'returned' | 'released'; readonly period: number } & Owned)
  | ({ readonly kind: 'nonce'; readonly keyId: string; readonly value: string } & Customer)
  | { readonly kind: 'document'; readonly name: string }
  | { readonly kind: 'customers' | 'ready' }
)

function environmentFrom(text: string | undefined): Environment | undefined {
  return environments.find((one) => one === text)
}

/** @returns `undefined` for a key that this version does not know */
export function placeOf(key: string): Place | undefined {
  if (key === 'apigw:customers') return { key, kind: 'customers' }
  if (key.startsWith('apigw:ready:')) return { key, kind: 'ready' }
  const [, customer = '', what = '', rest = ''] = /^apigw:\{([^}]+)\}:([a-z]+)(?::(.*))?$/s.exec(key) ?? []
  if (customer === allCustomers && what === 'document') return { key, kind: 'document', name: rest }
  if (what === 'history' && rest === '') return { key, kind: what, customer }
  if ((what === 'profile' || what === 'retired') && rest === '') return { key, kind: what, customer }
  const [first = '', ...more] = rest.split(':')
  if (what === 'nonce' && more.length > 0) return { key, kind: what, customer, keyId: first, value: more.join(':') }
  const environment = environmentFrom(first)
  if (environment === undefined) return undefined
  if (what === 'idem' && more.length > 0) return { key, kind: 'record', customer, environment, name: more.join(':') }
  if (more.length === 0) return what === 'usage' || what === 'counts' ? { key, kind: what, customer, environment } : undefined
  return ofTime({ key, customer, environment }, what, more)
}

/** A key that belongs to a day or to a period. */
function ofTime(owned: Owned & { readonly key: string }, what: string, [number, ...more]: readonly string[]): Place | undefined {
  const time = Number(number)
  if (more.length > 0 || !Number.isInteger(time)) return undefined
  if (what === 'filed') return { ...owned, kind: what, day: time }
  return what === 'messages' || what === 'returned' || what === 'released' ? { ...owned, kind: what, period: time } : undefined
}
