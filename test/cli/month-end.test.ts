import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { windowsAt } from '../../src/domain/calendar.ts'
import { openRegistry } from '../../src/registry/index.ts'
import { entryOf, profileOf, Tenant } from '../registry/fixtures.ts'
import { json, root, run, temporaryFolder } from './run.ts'

const prices = 'currency: KRW\nprices:\n  - {type: sms, to: "*", price: "8.9"}\n'

/** The commands of the page, for a month that is over. */
function commandsOf(page: string, month: string): string[][] {
  const [, block = ''] = /```sh\n(.*?)```/s.exec(page) ?? []
  const lines = block.trim().replaceAll('2026-10', month).split('\n')
  return lines.map((line) => [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '').slice(1))
}

test('the commands of the page about the end of a month do what it says', async () => {
  const cwd = temporaryFolder()
  const env = { APIGW_REGISTRY: `sqlite:${join(cwd, 'registry.db')}` }
  // Not the month before this one: in the first hours of a month that cannot be closed.
  const then = windowsAt('Asia/Seoul', Date.now()).month.start - 32 * 86_400_000
  const { month } = windowsAt('Asia/Seoul', then)
  const registry = await openRegistry(env.APIGW_REGISTRY, { now: () => then })
  await registry.save(profileOf('acme'), undefined, entryOf('acme', 'added', then))
  await new Tenant(registry, 'acme').admitted({ units: 3, kinds: ['messages|sms|82'] })
  await registry.close()
  writeFileSync(join(cwd, 'prices.yaml'), prices)
  const page = readFileSync(join(root, 'docs/billing.md'), 'utf8')
  const commands = commandsOf(page, month.id)
  expect(commands.map(([topic, verb]) => `${topic} ${verb}`)).toContain('bill close')
  for (const words of commands) {
    const { code, stdout, stderr } = await run(words, { cwd, env })
    expect({ code, stdout, stderr }, words.join(' ')).toMatchObject({ code: 0 })
  }
  const shown = await json(['bill', 'show', 'acme', '--month', month.id], { cwd, env })
  expect(shown).toMatchObject({ payable: '27', closed: { by: 'tester', reason: 'month end' }, open: 3 })
  expect(readFileSync(join(cwd, 'bills.csv'), 'utf8')).toContain(`${month.id},acme,sms,+82,8.9,3,26.7,0,0,26.7,KRW,${month.id}`)
  const again = await run(['bill', 'close', 'acme', '--month', month.id, '--prices', 'prices.yaml'], { cwd, env })
  expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('was closed') })
})
