import { examineAccount, isOnAws, openAccountOrCheck } from './aws/examine.ts'
import { type Check, limited, type Places } from './check.ts'
import { checkCertificate } from './checks/certificate.ts'
import { checkConfig } from './checks/config.ts'
import { checkGateway } from './checks/gateway.ts'
import { checkHeld } from './checks/held.ts'
import { checkNode } from './checks/node.ts'
import { checkQueues } from './checks/queues.ts'
import { checkRegistry } from './checks/registry.ts'
import { checkReports } from './checks/reports.ts'
import { checkSchema } from './checks/schema.ts'
import { checkWebhooks } from './checks/webhooks.ts'

const again = 'run it again'

/** The queues to check come from the registry's routes. */
async function registryAndQueues(places: Places, gateway: Promise<Check[]>, credentials: Credentials): Promise<Check[]> {
  const { checks, routes, states } = await checkRegistry(places)
  const queues = limited('queues', again, () => checkQueues(places, routes, credentials))
  const webhooks = limited('webhooks', again, () => checkWebhooks(places, states))
  return [...checks, ...(await gateway), ...(await queues), ...(await webhooks)]
}

/** Reports are read from the tables, so a failed schema check skips them. A table that rejects only some rows still has reports. */
async function schemaAndReports(places: Places, onAws: boolean): Promise<Check[]> {
  const schema = await limited('schema', again, () => checkSchema(places, onAws))
  if (schema.some(({ state }) => state === 'fail' || state === 'skipped')) return schema
  const reports = limited('reports', again, () => checkReports(places))
  const held = limited('held messages', again, () => checkHeld(places))
  return [...schema, ...(await reports), ...(await held)]
}

type Credentials = Parameters<typeof checkQueues>[2]

/** Checks every component that an API call passes through, in parallel. Changes nothing. */
export async function examine(places: Places): Promise<Check[]> {
  const onAws = isOnAws(places)
  const account = await openAccountOrCheck(places)
  const credentials = account !== undefined && 'credentials' in account ? account.credentials : undefined
  const gateway = Promise.all([
    checkGateway(places.gateway, onAws),
    limited('certificate', again, (signal) => checkCertificate(places.gateway, signal)),
  ]).then(([first, rest]) => [first, ...rest])
  const found = await Promise.all([
    registryAndQueues(places, gateway, credentials),
    schemaAndReports(places, onAws),
    account === undefined ? [] : 'state' in account ? [account] : examineAccount(account),
  ])
  return [checkNode(), checkConfig(places), ...found.flat()]
}
