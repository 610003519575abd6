import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { startLocal } from '../../src/dev/local/index.ts'
import { addCustomer } from '../../src/operations/customers/index.ts'
import { openLedger } from '../../src/runtime/ports/index.ts'
import { observe } from '../../src/runtime/worker/environment.ts'
import { writeRows } from '../../src/runtime/worker/isolate.ts'
import { run, temporaryFolder } from '../cli/run.ts'
import { carrierA, engines, rowWith } from '../support/databases.ts'
import { until } from '../support/until.ts'

const number = '+821098765432'
const text = 'Your test result is negative'
const traces = [number, '01098765432', '010-9876-5432', '1098765432', '%2B82109', text, text.slice(0, 12)]

function checkMasked(output: string): void {
  for (const trace of traces) expect(output).not.toContain(trace)
}

const triggers = {
  SQLite: [
    "CREATE TRIGGER picky BEFORE INSERT ON carrier_a WHEN NEW.type = 'lms' BEGIN SELECT RAISE(ABORT, 'no Your test result for +821098765432'); END",
  ],
  MariaDB: [
    `CREATE TRIGGER picky BEFORE INSERT ON carrier_a FOR EACH ROW IF NEW.type = 'lms' THEN
       SET @why = CONCAT('no ', LEFT(NEW.body, 20), ' for ', NEW.recipient); SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = @why; END IF`,
  ],
  PostgreSQL: [
    `CREATE FUNCTION picky() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF NEW.type = 'lms' THEN RAISE EXCEPTION 'no % for %', NEW.body, NEW.recipient; END IF; RETURN NEW; END $$`,
    'CREATE TRIGGER picky BEFORE INSERT ON carrier_a FOR EACH ROW EXECUTE FUNCTION picky()',
  ],
} as const

test.each(engines)(
  'a database that quotes a message does so in no log and no table, over $engine',
  async ({ engine, create }) => {
    const store = await create()
    const database = await store.open()
    await database.migrate([carrierA])
    for (const sql of triggers[engine]) await store.sql(sql)
    const bad = rowWith({ to: number, text, type: 'lms' })
    const { rejected } = await writeRows(database, carrierA, [rowWith(), bad, rowWith()])
    const written: string[] = []
    const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((line) => written.push(String(line)) > 0)
    for (const { row, why } of rejected) observe({ kind: 'rejected', queue: 'carrier-a', id: row.message.id, why })
    observe({ kind: 'failed', queue: 'carrier-a', error: new Error(`lost while ${number} was written`), retryMs: 1 })
    stdout.mockRestore()
    expect(written).toHaveLength(2)
    const all = written.join('') + JSON.stringify(await store.sql('SELECT * FROM ingest_rejected'))
    expect(all).toContain(bad.message.id)
    checkMasked(all)
  },
)

test('no list, no error and no other output of a command shows a number or a text', async () => {
  const cwd = temporaryFolder()
  const faults: string[] = []
  const onFault = (what: string, error: unknown) => void faults.push(`${what} ${String(error)}`)
  const actor = { who: 'kim', from: 'here' }
  const local = await startLocal({ folder: join(cwd, '.apigw'), port: 0, sqsPort: 0, actor, onFault })
  try {
    const { keys } = await addCustomer(local.context, { id: 'acme', keysFor: ['test'], senders: ['15881234'] })
    const send = async (more: object) => {
      const response = await fetch(`${local.gateway}/test/v1.0/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Basic ${btoa(keys[0]?.basic ?? '')}` },
        body: JSON.stringify({ to: number, from: '15881234', text, ref: 'r-1', ...more }),
      })
      return JSON.parse(await response.text()).id as string
    }
    const id = await send({})
    const held = await send({ sendAt: new Date(Date.now() + 3_600_000).toISOString() })
    const { ledger: endpoint } = JSON.parse(readFileSync(join(cwd, '.apigw/dev.json'), 'utf8'))
    const ledger = openLedger({ endpoint })
    const owner = { customer: 'acme', environment: 'test' } as const
    await until(async () => {
      const known = await ledger?.standings(owner, [id, held])
      return known?.get(id)?.status === 'delivered' && known.get(held)?.status === 'scheduled'
    })
    const env = ['--env', 'test']
    const commands = [
      ['message', 'find', 'acme', '--to', number, '--limit', '1', ...env],
      ['message', 'show', 'acme', id, ...env],
      ['message', 'explain', 'acme', id, ...env],
      ['message', 'explain', 'acme', held, ...env],
      ['report', 'list', 'acme', ...env],
      ['report', 'replay', 'acme', '--hours', '1', '--yes', ...env],
      ['suppression', 'add', 'acme', number, ...env],
      ['suppression', 'add', 'acme', number, ...env, '--json'],
      ['suppression', 'list', 'acme', ...env],
      ['queue', 'list'],
      ['customer', 'show', 'acme'],
      ['message', 'erase', '--to', number, '--reason', `asked by ${number}`, '--yes'],
      ['message', 'erase', '--to', number, '--reason', 'ticket 4711', '--dry-run', '--json'],
      ['message', 'erase', '--to', number, '--reason', 'ticket 4711', '--cancel-scheduled', '--yes'],
      ['message', 'show', 'acme', id, ...env],
      ['suppression', 'remove', 'acme', number, '--yes', ...env],
      ['suppression', 'remove', 'acme', number, '--yes', '--json', ...env],
    ]
    const outputs: string[] = []
    for (const args of commands) {
      const { stdout, stderr, code } = await run(args, { cwd })
      expect([args.join(' '), code, stderr]).toEqual([args.join(' '), args.includes(`asked by ${number}`) ? 2 : 0, stderr])
      outputs.push(stdout, stderr)
    }
    const all = outputs.join('\n')
    expect(all).toMatch(/erasedAt\s+\d{4}-/)
    expect(all).toContain('Cancelled 1 message')
    expect(all).toContain('Removed the opt-out of +8210****5432')
    checkMasked(all + faults.join('\n'))
  } finally {
    await local.stop()
  }
})
