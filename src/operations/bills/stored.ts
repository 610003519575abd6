import { billDocument, type ClosedBill, closedBillSchema } from '../../domain/closed-bill.ts'
import { Problem } from '../../domain/problem.ts'
import type { OperatorRegistry } from '../../registry/index.ts'

/** The closed bill of a customer and month; `undefined`: it is not closed. @throws Problem `registry-corrupt` */
export async function storedBill(
  registry: Pick<OperatorRegistry, 'document'>,
  customer: string,
  month: string,
): Promise<ClosedBill | undefined> {
  const stored = await registry.document(billDocument(customer, month))
  if (stored === undefined) return undefined
  try {
    return closedBillSchema.parse(JSON.parse(stored.text))
  } catch (cause) {
    throw new Problem('registry-corrupt', `The registry holds a bill of ${customer} for ${month} that cannot be read.`, {
      next: 'restore a backup of the registry',
      cause,
    })
  }
}
