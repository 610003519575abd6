/** A paying tenant. */
export interface Customer {
  readonly id: string
  readonly name: string
  readonly state: 'active' | 'suspended'
  /** IANA name; day and month quotas follow its calendar. */
  readonly timeZone: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

/**
 * How long the id of a removed customer cannot be given to another one. What is stored under an id outlives its profile:
 * idempotent answers and messages for weeks, images for as long as the stage keeps them (60 days unless set otherwise), what
 * was spent until its month ends. A new customer with the same id could read it.
 */
export const retiredMs = 400 * 86_400_000

/** What an operator may change of a customer. */
export type CustomerChange = Partial<Pick<Customer, 'name' | 'state' | 'timeZone'>>
