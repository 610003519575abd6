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

/** What an operator may change of a customer. */
export type CustomerChange = Partial<Pick<Customer, 'name' | 'state' | 'timeZone'>>
