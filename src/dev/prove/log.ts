/** How sure the harness can be which units of a call were taken from the registry as it is now. */
export interface Flight {
  readonly customer: string
  readonly units: number
  unsure: boolean
}

/** A message that a call was answered 202 for. */
export interface Accepted {
  readonly customer: string
  readonly ref: string
  /** Whether the carrier's table refuses it: it ends as `rejected`. */
  readonly refused: boolean
}

/** Units of one customer that the answers account for. */
export interface Units {
  /** Accepted while nothing happened to the registry. */
  sure: number
  /** Of calls that were under way while the registry lost its memory, or a part of it: taken from it, or not. */
  unsure: number
  /** Of calls that were made again after their record was lost: taken a second time, or not. */
  again: number
  /** Of messages that were cancelled, or refused at hand-over: given back, except where it is unsure that they were taken from this registry. */
  back: number
  unsureBack: number
}

/** How a message that was held ends without being sent: its units are given back. */
export type Unsent = 'cancelled' | 'turned down'

/** What the sender knows: the answers to its calls. Everything else is checked against this log. */
export class SentLog {
  /** By message id. */
  readonly accepted = new Map<string, Accepted>()
  /** Names of messages whose call came to no answer, or to one that leaves open whether they were sent. */
  readonly unconfirmed = new Map<string, string>()
  /** Names of messages that were refused for good. */
  readonly refused = new Map<string, string>()
  /** Accepted messages that no row and no rejection has been seen of yet. */
  readonly waiting = new Set<string>()
  /** Ids of messages whose cancellation was confirmed. */
  readonly cancelled = new Set<string>()
  /** Ids of advertisements that were refused when they were handed over. */
  readonly turnedDown = new Set<string>()
  /** Ids of advertisements whose recipient had opted out before they were due. */
  readonly optedOut = new Set<string>()
  readonly #acceptedBy = new Map<string, number>()
  readonly #units = new Map<string, Units>()
  readonly #flights = new Set<Flight>()
  readonly #seen = new Set<string>()
  #blurred = false

  get underWay(): number {
    return this.#flights.size
  }

  /** How many messages of a customer were accepted. */
  acceptedBy(customer: string): number {
    return this.#acceptedBy.get(customer) ?? 0
  }

  /** Units of a customer's calls that are not answered yet. */
  unitsUnderWay(customer: string): number {
    return [...this.#flights].reduce((sum, flight) => sum + (flight.customer === customer ? flight.units : 0), 0)
  }

  unitsOf(customer: string): Units {
    const units = this.#units.get(customer) ?? { sure: 0, unsure: 0, again: 0, back: 0, unsureBack: 0 }
    this.#units.set(customer, units)
    return units
  }

  /** A call, with all its tries. */
  begin(customer: string, units: number): Flight {
    const flight = { customer, units, unsure: this.#blurred }
    this.#flights.add(flight)
    return flight
  }

  /** @param ids the accepted messages of the call, by id; a message that was accepted before counts once */
  end(flight: Flight, ids: ReadonlyMap<string, Accepted>): void {
    this.#flights.delete(flight)
    let fresh = 0
    for (const [id, accepted] of ids) {
      if (this.accepted.has(id)) continue
      this.accepted.set(id, accepted)
      fresh += 1
      if (!this.#seen.has(id)) this.waiting.add(id)
    }
    this.#acceptedBy.set(flight.customer, this.acceptedBy(flight.customer) + fresh)
    const units = this.unitsOf(flight.customer)
    if (flight.unsure) units.unsure += fresh
    else units.sure += fresh
  }

  /** Ends the call of a message that was held. @param unsent how it ended without being sent */
  endHeld(flight: Flight, ids: ReadonlyMap<string, Accepted>, unsent: Unsent | undefined): void {
    this.end(flight, ids)
    if (unsent === undefined) return
    const units = this.unitsOf(flight.customer)
    if (flight.unsure) units.unsureBack += ids.size
    else units.back += ids.size
    const ended = unsent === 'cancelled' ? this.cancelled : this.turnedDown
    for (const id of ids.keys()) {
      ended.add(id)
      this.waiting.delete(id)
    }
  }

  /** A row or a rejection of a message. */
  saw(id: string): void {
    this.#seen.add(id)
    this.waiting.delete(id)
  }

  /** While blurred, the calls that are under way or begin are unsure. */
  blur(blurred: boolean): void {
    this.#blurred = blurred
    if (blurred) for (const flight of this.#flights) flight.unsure = true
  }

  /** The registry begins with nothing: so do the units. */
  newLife(): void {
    this.#units.clear()
  }

  /** The record of every call of a customer is lost: those under way may be charged twice. */
  forgotten(customer: string): void {
    for (const flight of this.#flights) if (flight.customer === customer) this.unitsOf(customer).again += flight.units
  }
}

/** A customer that always asks for more than it may have: what it gets in each life of the registry is counted. */
export class Sales {
  readonly #limit: number
  #life = 0
  #epoch = 0
  readonly #sold: number[] = [0]

  constructor(limit: number) {
    this.#limit = limit
  }

  /** @returns what to call with the units that were accepted */
  begin(): (accepted: number) => void {
    const [life, epoch] = [this.#life, this.#epoch]
    // A call that lasted from one life into the next was admitted in either of them.
    return (accepted) => {
      if (epoch === this.#epoch) this.#sold[life] = (this.#sold[life] ?? 0) + accepted
    }
  }

  newLife(): void {
    this.blur()
    this.#life += 1
    this.#sold[this.#life] = 0
  }

  /** A fail-over may lose what was confirmed in its last moment: calls that are under way do not count. */
  blur(): void {
    this.#epoch += 1
  }

  get sold(): number {
    return this.#sold.reduce((sum, sold) => sum + sold, 0)
  }

  get oversold(): number {
    return this.#sold.reduce((sum, sold) => sum + Math.max(0, sold - this.#limit), 0)
  }
}
