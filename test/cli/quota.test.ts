import { beforeEach, describe, expect, inject, test } from 'vitest'
import { uniqueName } from '../support/names.ts'
import { contentsOf, json, ok, type RunOptions, registryFile, run, runCli, temporaryFolder } from './run.ts'

const instant = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T[\d:.]{12}Z$/)

let here: RunOptions
beforeEach(async () => {
  here = { cwd: temporaryFolder() }
  await ok(['customer', 'add', 'acme', '--time-zone', 'UTC'], here)
})

describe('quota set', () => {
  test('prints the whole quota as text', async () => {
    expect(await ok(['quota', 'set', 'acme', '--day', '1_000', '--month', '20000', '--rate', '2.5', '--burst', '50'], here)).toBe(
      'acme live: 1,000 per day · 20,000 per month · 2.5 per second (burst 50)\n',
    )
  })
  test('prints JSON, with null for a limit that is not set', async () => {
    expect(await json(['quota', 'set', 'acme', '--day', '5'], here)).toEqual({
      customer: 'acme',
      environment: 'live',
      rate: null,
      burst: null,
      day: 5,
      month: null,
      dryRun: false,
    })
    expect(await json(['quota', 'set', 'acme', '--env', 'test', '--rate', '3.2'], here)).toEqual({
      customer: 'acme',
      environment: 'test',
      rate: 3.2,
      burst: 50,
      day: 1000,
      month: null,
      dryRun: false,
    })
  })
  test('a limit that is not given stays, "none" removes one, and the other environment is unchanged', async () => {
    await ok(['quota', 'set', 'acme', '--day', '5', '--month', '9', '--rate', '4', '--burst', '6'], here)
    expect(await json(['quota', 'set', 'acme', '--day', '7'], here)).toMatchObject({ rate: 4, burst: 6, day: 7, month: 9 })
    expect(await json(['quota', 'set', 'acme', '--day', 'none', '--rate', 'none'], here)).toMatchObject({
      rate: null,
      burst: null,
      day: null,
      month: 9,
    })
    expect(await json(['customer', 'show', 'acme'], here)).toMatchObject({
      quotas: { live: { month: 9 }, test: { rate: 10, burst: 50, day: 1000 } },
    })
  })
  test('a rate without a burst gets a burst of one second', async () => {
    expect(await json(['quota', 'set', 'acme', '--day', '5', '--rate', '2.5'], here)).toMatchObject({ rate: 2.5, burst: 3 })
  })
  test('a dry run shows the result and writes nothing', async () => {
    const before = contentsOf(registryFile(here.cwd))
    expect(await run(['quota', 'set', 'acme', '--day', '5', '--dry-run'], here)).toEqual({
      stdout: 'acme live: 5 per day\n',
      stderr: 'Dry run: nothing was changed.\n',
      code: 0,
    })
    expect(await json(['quota', 'set', 'acme', '--day', '5', '--dry-run'], here)).toMatchObject({ day: 5, dryRun: true })
    expect(contentsOf(registryFile(here.cwd))).toEqual(before)
  })
  test('four concurrent processes for one customer lose no change', async () => {
    // All processes change the same document; the later ones have to read it again.
    const limits = ['--rate', '--burst', '--day', '--month'] as const
    await ok(['quota', 'set', 'acme', '--day', '1', '--rate', '1'], here)
    const ended = await Promise.all(limits.map((limit) => runCli(['quota', 'set', 'acme', limit, '9'], here)))
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0])
    expect(await json(['customer', 'show', 'acme'], here)).toMatchObject({
      quotas: { live: { rate: 9, burst: 9, day: 9, month: 9 } },
    })
  })
})

describe('quota show', () => {
  test('says when no quota is set', async () => {
    expect(await ok(['quota', 'show', 'acme'], here)).toBe('acme has no live quota: every call is refused.\n')
    expect(await json(['quota', 'show', 'acme'], here)).toEqual({
      customer: 'acme',
      environment: 'live',
      timeZone: 'UTC',
      rate: null,
      day: null,
      month: null,
      spent: { day: [], month: [] },
    })
  })
  test('shows every limit with the remainder and the time of its reset', async () => {
    await ok(['quota', 'set', 'acme', '--day', '1000', '--month', '20000', '--rate', '2.5'], here)
    const shown = await json(['quota', 'show', 'acme'], here)
    expect(shown).toEqual({
      customer: 'acme',
      environment: 'live',
      timeZone: 'UTC',
      rate: { perSecond: 2.5, burst: 3, remaining: 3 },
      day: {
        limit: 1000,
        remaining: 1000,
        window: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/),
        resetsAt: expect.stringMatching(/T00:00:00\.000Z$/),
      },
      month: { limit: 20000, remaining: 20000, window: expect.stringMatching(/^\d{4}-\d{2}$/), resetsAt: instant },
      spent: { day: [], month: [] },
    })
    const lines = (await ok(['quota', 'show', 'acme'], here)).split('\n')
    expect(lines[0]).toBe('LIMIT  ALLOWED         LEFT    RESETS')
    expect(lines[1]).toBe('rate   2.5/s, burst 3  3')
    expect(lines[2]).toMatch(/^day {4}1,000 {11}1,000 {3}\d{4}-\d{2}-\d{2} 00:00:00 UTC$/)
    expect(lines[3]).toMatch(/^month {2}20,000 {10}20,000 {2}\d{4}-\d{2}-01 00:00:00 UTC$/)
  })
  test('costs nothing and changes nothing', async () => {
    await ok(['quota', 'set', 'acme', '--day', '5'], here)
    const before = contentsOf(registryFile(here.cwd))
    for (let time = 0; time < 3; time++) await ok(['quota', 'show', 'acme'], here)
    expect(contentsOf(registryFile(here.cwd))).toEqual(before)
  })
  test('the day ends at midnight in the time zone of the customer', async () => {
    await ok(['customer', 'set', 'acme', '--time-zone', 'Asia/Seoul'], here)
    expect(await json(['quota', 'show', 'acme', '--env', 'test'], here)).toMatchObject({
      environment: 'test',
      day: { resetsAt: expect.stringMatching(/T15:00:00\.000Z$/) },
    })
  })
})

test('works the same on Redis', async () => {
  const id = uniqueName('acme')
  const redis = ['--registry', `${inject('redis')}/9`]
  await ok(['customer', 'add', id, ...redis], here)
  await ok(['quota', 'set', id, '--day', '5', '--dry-run', ...redis], here)
  expect(await json(['quota', 'show', id, ...redis], here)).toMatchObject({ day: null })
  await ok(['quota', 'set', id, '--day', '5', '--rate', '2', ...redis], here)
  expect(await json(['quota', 'show', id, ...redis], here)).toMatchObject({
    rate: { perSecond: 2, burst: 2, remaining: 2 },
    day: { limit: 5, remaining: 5 },
    month: null,
  })
  expect(await run(['quota', 'set', id, '--day', 'none', ...redis], here)).toMatchObject({ code: 2, stdout: '' })
  expect(await json(['quota', 'show', id, ...redis], here)).toMatchObject({ day: { limit: 5 } })
})
