import type { Interfaces, Protocol, Subnet } from './model.ts'
import type { Ports } from './ports.ts'
import type { Verdict } from './verdict.ts'

/** One subnet in which a source may be. */
export interface Spot {
  readonly source: Interfaces
  readonly subnet: Subnet
  readonly answers: Ports
  readonly hasPublicAddress: boolean
}

export interface Connection {
  readonly protocol: Protocol
  readonly port: number
}

/** By what a call leaves. */
export interface Via {
  readonly kind: 'vpc' | 'interface' | 'gateway' | 'nat' | 'internet'
  /** The endpoint's id: `aws:SourceVpce` of the call. */
  readonly endpoint?: string
  /** `aws:SourceVpc` of the call. Only calls by an endpoint have both. */
  readonly vpc?: string
}

/** One way to a target, and what each place on it says. */
export interface Way {
  readonly via: Via
  readonly verdicts: readonly Verdict[]
}
