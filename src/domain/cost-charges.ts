import { type MachineKey, type Price, type PriceKey, type Prices, tieredCost } from './aws-prices.ts'
import { type Dollars, type Quantity, sumOf } from './dollars.ts'

/** So much of something that has a price. */
export type Charge =
  | { readonly key: PriceKey; readonly quantity: Quantity }
  | { readonly key: MachineKey; readonly machine: string; readonly quantity: Quantity }

export function priceOfCharge(charge: Charge, prices: Prices): Price | undefined {
  return 'machine' in charge ? prices.machine(charge.key, charge.machine) : prices.of(charge.key)
}

/** What some charges cost together, without free tiers. `undefined`: a price is unknown. */
export function costOfCharges(charges: readonly Charge[], prices: Prices): Dollars | undefined {
  const costs = charges.map((charge) => {
    const price = priceOfCharge(charge, prices)
    return price && tieredCost(price, charge.quantity)
  })
  const known = costs.filter((cost) => cost !== undefined)
  return known.length === costs.length ? sumOf(known) : undefined
}
