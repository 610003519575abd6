import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exportSuppressions, importSuppressions, readSuppressions } from '../../../src/operations/suppressions/index.ts'
import type { Ledger, Suppression } from '../../../src/runtime/ports/index.ts'

const now = Date.parse('2026-11-23T03:00:00Z')
const owner = { customer: 'acme', environment: 'live' } as const

async function* inChunks(text: string | Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function read(text: string | Uint8Array) {
  const found = []
  for await (const line of readSuppressions(inChunks(text), now)) found.push(line)
  return found
}

describe('a CSV of opt-outs', () => {
  it.each([
    ['LF', '\n', ''],
    ['CRLF', '\r\n', ''],
    ['CRLF and a byte order mark', '\r\n', '\ufeff'],
  ])('is read with %s, quotes, any order of columns, and columns of its own', async (_, end, mark) => {
    const lines = ['name,Note,number,at', '"Kim, ""J""","다시\n전화",010-1234-5678,2026-11-22T09:00:00+09:00', ',,+12025550123,']
    expect(await read(mark + lines.join(end) + end)).toEqual([
      { line: 3, suppression: { number: '+821012345678', at: Date.parse('2026-11-22T00:00:00Z'), note: '다시\n전화' } },
      { line: 4, suppression: { number: '+12025550123', at: now } },
    ])
  })

  it('names each bad line, and does not repeat the number', async () => {
    const rows = [
      'number,at,source,note',
      '02',
      '010-1234-5678,yesterday',
      '01012345678,2027-01-01T00:00:00Z',
      `01012345678,,${'a'.repeat(65)}`,
    ]
    rows.push(`01012345678,,,${'a'.repeat(201)}`, '', '01012345678')
    const found = await read(rows.join('\n'))
    expect(found.map((line) => [line.line, 'detail' in line ? line.detail.split(':')[0] : 'good'])).toEqual([
      [2, 'number'],
      [3, 'at'],
      [4, 'at'],
      [5, 'source'],
      [6, 'note'],
      [8, 'good'],
    ])
    expect(JSON.stringify(found.slice(0, 5))).not.toContain('0101234')
  })

  it.each<[string, string | Uint8Array, RegExp]>([
    ['without a header', '010-1234-5678\n010-1234-5679\n', /Line 1 .*"number"/],
    ['with a column twice', 'number,number\n', /Line 1 .*twice/],
    // 한 in EUC-KR, as spreadsheets in Korea save it.
    [
      'in another charset',
      Buffer.concat([Buffer.from('number,note\n01012345678,a\n01012345678,'), Buffer.from([0xc7, 0xd1])]),
      /Line 3 is not valid UTF-8/,
    ],
    ['with a quote that is not closed', 'number\n"01012345678\n', /quote is not closed/],
    ['with a quote in the wrong place', 'number\n01012345678\n0101"2345678\n', /Line 3 .*wrong place/],
    ['with an endless line', `number\n${'1'.repeat(200_000)}`, /Line 2 is longer/],
    ['with an endless quoted value', `number\n"${'1\n'.repeat(200_000)}`, /quote is not closed, or the line is too long/],
  ])('is refused %s', async (_, text, message) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'input-invalid', message: expect.stringMatching(message) })
  })
})

/** A ledger that keeps opt-outs in memory, and fails after some calls. */
function memory(failAfter = Number.POSITIVE_INFINITY) {
  const kept = new Map<string, Suppression>()
  let calls = 0
  const ledger: Pick<Ledger, 'suppress' | 'suppressed' | 'suppressions'> = {
    suppress: async (_owner, some) => {
      calls += 1
      if (calls > failAfter) throw new Error('the ledger is away')
      const added = some.filter(({ number }) => !kept.has(number))
      for (const one of added) kept.set(one.number, one)
      return new Set(added.map(({ number }) => number))
    },
    suppressed: async (_owner, numbers) => new Set(numbers.filter((number) => kept.has(number))),
    suppressions: async (_owner, cursor = '', limit) => {
      const after = [...kept.values()].filter(({ number }) => number > cursor).sort((a, b) => (a.number < b.number ? -1 : 1))
      const page = after.slice(0, limit)
      const last = page.at(-1)?.number
      return { suppressions: page, ...(after.length > limit && last !== undefined && { cursor: last }) }
    },
  }
  return { kept, ledger }
}

const options = {
  dryRun: false,
  fromLine: 1,
  signal: new AbortController().signal,
  onBadLine: () => undefined,
  onProgress: () => undefined,
}

describe('an import', () => {
  const file = ['number', ...Array.from({ length: 2_500 }, (_, index) => (index === 7 ? 'x' : `010${20_000_000 + index}`))].join(
    '\n',
  )
  const lines = () => readSuppressions(inChunks(file, 4_096), now)

  it('can be repeated, and a dry run changes nothing', async () => {
    const { kept, ledger } = memory()
    expect(await importSuppressions(ledger, owner, lines(), { ...options, dryRun: true })).toMatchObject({
      added: 2_499,
      invalid: 1,
    })
    expect(kept.size).toBe(0)
    const badLines = [{ line: 9, detail: 'number: is not a telephone number' }]
    expect(await importSuppressions(ledger, owner, lines(), options)).toEqual({
      added: 2_499,
      present: 0,
      invalid: 1,
      line: 2_501,
      badLines,
    })
    expect(await importSuppressions(ledger, owner, lines(), options)).toMatchObject({ added: 0, present: 2_499, invalid: 1 })
  })

  it('that is interrupted says where it continues, and nothing is lost', async () => {
    const { kept, ledger } = memory()
    const stopping = new AbortController()
    const stopped = importSuppressions(ledger, owner, lines(), {
      ...options,
      signal: stopping.signal,
      onProgress: () => stopping.abort(),
    })
    await expect(stopped).rejects.toMatchObject({ code: 'interrupted', next: expect.stringContaining('--from-line 1002') })
    expect(kept.size).toBe(999)
    expect(await importSuppressions(ledger, owner, lines(), { ...options, fromLine: 1_002 })).toMatchObject({
      added: 1_500,
      present: 0,
    })
    expect(kept.size).toBe(2_499)
  })

  it('of a file with a fault in the middle adds what comes before it', async () => {
    const { kept, ledger } = memory()
    const rows = Array.from({ length: 20_000 }, (_, index) => `010${20_000_000 + index}\n`).join('')
    const broken = readSuppressions(inChunks(`number\n${rows}0101"\n`, 4_096), now)
    const failure: unknown = await importSuppressions(ledger, owner, broken, options).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'input-invalid', message: expect.stringContaining('Line 20002 is not valid CSV') })
    const [, line] = /Up to line (\d+): /.exec(String(failure)) ?? []
    expect(kept.size).toBe(Number(line) - 1)
    expect(kept.size).toBeGreaterThan(0)
  })
})

it('an export is read back by an import as it was, and runs nothing in a spreadsheet', async () => {
  const text = fc.string({ unit: fc.constantFrom('=', '+', '-', '@', "'", '"', ',', '\n', '\t', '가', 'a', ' '), maxLength: 12 })
  const suppression = fc.record({ source: text, note: text })
  await fc.assert(
    fc.asyncProperty(fc.array(suppression, { maxLength: 5 }), async (all) => {
      const { ledger } = memory()
      const given = all.map(({ source, note }, index) => ({
        number: `+8210${20_000_000 + index}`,
        at: now - index,
        ...(source.trim() && { source: source.trim() }),
        ...(note.trim() && { note: note.trim() }),
      }))
      await ledger.suppress(owner, given)
      let csv = ''
      for await (const page of exportSuppressions(ledger, owner)) csv += page.text
      for (const [, , ...texts] of parse(csv, { bom: true })) expect(texts.filter((one) => /^[=+\-@\t\r]/.test(one))).toEqual([])
      const back = await read(csv)
      expect(back.map((line) => ('suppression' in line ? line.suppression : line))).toEqual(given)
    }),
  )
})
