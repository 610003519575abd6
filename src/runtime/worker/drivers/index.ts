import type { Carrier } from '../../../domain/carrier.ts'
import { isSandboxQueue } from '../../../domain/names.ts'
import type { CarrierDriver } from './driver.ts'
import { Sandbox } from './sandbox/sandbox.ts'

/** The drivers, each in a folder of its own, by the carriers that they serve. A carrier without one reads its table itself. */
const drivers: readonly { serves(carrier: Carrier): boolean; create(carrier: Carrier): CarrierDriver }[] = [
  { serves: ({ queue }) => isSandboxQueue(queue), create: () => new Sandbox() },
]

/** The driver of a carrier; `undefined`: the carrier reads its table itself. */
export function driverOf(carrier: Carrier): CarrierDriver | undefined {
  return drivers.find((driver) => driver.serves(carrier))?.create(carrier)
}

/** The carriers that have a driver. */
export function driven<T extends Carrier>(carriers: readonly T[]): { readonly carrier: T; readonly driver: CarrierDriver }[] {
  return carriers.flatMap((carrier) => {
    const driver = driverOf(carrier)
    return driver === undefined ? [] : [{ carrier, driver }]
  })
}
