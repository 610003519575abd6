import { afterAll, beforeAll, expect, test } from 'vitest'
import { callingCode, hourMs, kindOf } from '../../../../src/domain/usage.ts'
import { linesOf, nothingUsed, openOf, usedTogether } from '../../../../src/domain/usage-lines.ts'
import { openRegistry } from '../../../../src/registry/index.ts'
import { countReports } from '../../../../src/runtime/gateway/messages/count-reports.ts'
import type { Ledger } from '../../../../src/runtime/ports/index.ts'
import { Tenant } from '../../../registry/fixtures.ts'
import { type Dynamo, startDynamo } from '../../../support/dynamodb.ts'

let dynamo: Dynamo
let ledger: Ledger
beforeAll(async () => {
  dynamo = await startDynamo()
  ledger = dynamo.open()
  await ledger.prepare()
})
afterAll(async () => {
  ledger.close()
  await dynamo.stop()
})

test('what is counted equals the rows of the ledger, whatever is reported twice and wherever counting is interrupted', {
  timeout: 60_000,
}, async () => {
  const registry = await openRegistry('sqlite::memory:')
  const customer = await Tenant.with(registry, { quotas: { live: { day: 10_000 } } })
  const owner = { customer: customer.id, environment: 'live' } as const
  const kinds = ['sms', 'lms'].map((type) => kindOf('messages', type, callingCode('+821012345678')))
  const outcomes = ['delivered', 'failed', 'cancelled'] as const
  const ids = Array.from({ length: 900 }, (_, at) => `${customer.id}-${at}`)
  const typeOf = (at: number) => (at % 3 === 0 ? 'lms' : 'sms')
  for (const [at, id] of ids.entries()) {
    const kind = typeOf(at) === 'sms' ? kinds[0] : kinds[1]
    if (kind !== undefined) await customer.admitted({ units: 1, ids: [id], kinds: [kind] })
  }
  const noted = ids.map((id, at) => ({ id, at: 1, type: typeOf(at), units: 1, destination: '82' }) as const)
  for (let from = 0; from < noted.length; from += 100) await ledger.queued(owner, noted.slice(from, from + 100))
  const reportOf = (id: string, at: number) => ({ id, status: outcomes[at % outcomes.length] ?? 'failed', at: 1 })
  // The last hundred stay open. A pump that ended between the ledger and its own note writes the same reports again.
  const reports = ids.slice(0, 800).map(reportOf)
  let dies: 'before' | 'after' | 'no' = 'no'
  const dying = {
    reportsCounted: registry.reportsCounted.bind(registry),
    usage: registry.usage.bind(registry),
    countReports: async (...of: Parameters<typeof registry.countReports>) => {
      if (dies === 'before') throw new Error('killed')
      const counted = await registry.countReports(...of)
      if (dies === 'after') throw new Error('killed')
      return counted
    },
  }
  for (let from = 0; from < reports.length; from += 130) {
    await ledger.append(owner, reports.slice(Math.max(0, from - 60), from + 130))
    dies = (['before', 'after', 'no'] as const)[(from / 130) % 3] ?? 'no'
    await Promise.all([1, 2].map(() => countReports(dying, ledger, owner).catch(() => 0)))
  }
  dies = 'no'
  await countReports(dying, ledger, owner)
  expect(await countReports(dying, ledger, owner)).toBe(0)

  const hours = await registry.counts(customer.id, 'live', Date.now() - hourMs * 2, Date.now() + hourMs)
  const lines = hours.flatMap((hour) => linesOf(owner, hour))
  const used = lines.reduce(usedTogether, nothingUsed)
  const rows = await Promise.all(
    Array.from({ length: 9 }, (_, at) => ledger.standings(owner, ids.slice(at * 100, at * 100 + 100))),
  )
  const statuses = rows.flatMap((found) => [...found.values()].map(({ status }) => status))
  for (const outcome of outcomes) expect(used.ended[outcome].messages).toBe(statuses.filter((one) => one === outcome).length)
  expect([used.accepted.messages, openOf(used)]).toEqual([900, statuses.filter((one) => one === 'queued').length])
  const ofLms = lines.filter(({ type }) => type === 'lms').reduce(usedTogether, nothingUsed)
  expect(ofLms.ended.delivered.messages).toBe(reports.filter(({ status }, at) => at % 3 === 0 && status === 'delivered').length)
  await registry.close()
})
