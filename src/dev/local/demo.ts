import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defaultCarriers } from '../../domain/carrier.ts'
import { addCustomer, type Context, type IssuedKey, setCustomer } from '../../operations/customers/index.ts'

export const demoCustomer = 'demo'
const demoFile = 'demo.env'

/** Creates the demo customer with a live key. Returns `undefined` if an earlier start created it. */
export async function ensureDemo(context: Context, folder: string): Promise<IssuedKey | undefined> {
  if ((await context.registry.profile(demoCustomer)) !== undefined) return undefined
  const { keys } = await addCustomer(context, {
    id: demoCustomer,
    name: 'Demo customer',
    quota: { rate: 10, burst: 20, day: 1000 },
    queue: defaultCarriers[0]?.queue,
    senders: ['1588-1234'],
    keysFor: ['live'],
  })
  await setCustomer(context, demoCustomer, {}, { alimtalkProfiles: ['@apigw'] })
  const issued = keys[0]
  if (issued === undefined) throw new Error('a customer was added with a key, and none came back')
  // The customer's credentials, which `apigw send` uses. Only the current user may read the file.
  writeFileSync(join(folder, demoFile), `APIGW_CREDENTIALS='${issued.basic}'\n`, { mode: 0o600 })
  return issued
}
