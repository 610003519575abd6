import { describe, expect, it, onTestFinished } from 'vitest'
import { sandboxNumbers, sandboxOutcome } from '../../../src/domain/sandbox.ts'
import { drive, Sandbox } from '../../../src/runtime/worker/index.ts'
import { engines, rowWith } from '../../support/databases.ts'
import { until } from '../../support/until.ts'

const carrier = { queue: 'sandbox', table: 'sandbox' }

it('recognizes its numbers by their last four digits', () => {
  for (const { digits, outcome } of sandboxNumbers) expect(sandboxOutcome(`+82101234${digits}`)).toBe(outcome)
  expect(sandboxOutcome('+821012345678')).toBe('delivered')
})

describe.each(engines)('the sandbox over $engine', ({ create }) => {
  it('delivers, fails or stays silent as its numbers say', async () => {
    const test = await create()
    const database = await test.open()
    await database.migrate([carrier])
    const [good, failed, silent, late] = ['5678', '0002', '0003', '0004'].map((digits) => rowWith({ to: `+82101234${digits}` }))
    if (!good || !failed || !silent || !late) throw new Error('four rows were made, and fewer came')
    await database.flush(carrier, [good, failed, silent, late])
    const sandbox = drive({ database, carrier, driver: new Sandbox() })
    onTestFinished(() => sandbox.stop())
    await until(async () => (await database.outcomes(carrier, 10)).length === 2)
    await sandbox.stop()
    const finals = await database.outcomes(carrier, 10)
    expect(new Map(finals.map(({ id, outcome, code }) => [id, [outcome, code]]))).toEqual(
      new Map([
        [good.message.id, ['delivered', 'delivered']],
        [failed.message.id, ['failed', 'sandbox-failed']],
      ]),
    )
  })
})
