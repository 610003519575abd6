import { describe, expect, test } from 'vitest'
import { addEntries, type Change, sweep } from '../../../src/operations/waf/change.ts'
import { readCidr } from '../../../src/operations/waf/cidr.ts'
import type { NoteStore } from '../../../src/operations/waf/notes.ts'
import { withWaf } from '../../../src/operations/waf/open.ts'
import { region, type WafWorld, wafServer } from './waf-server.ts'
import { desk } from './world.ts'

const why = { until: null, by: 'tester', from: 'here', reason: 'test' }

/** Notes in memory, with versions like the registry's. */
function memoryNotes(): NoteStore & { texts: Map<string, { text: string; version: string }>; beforeSave: () => Promise<void> } {
  const texts = new Map<string, { text: string; version: string }>()
  const store = {
    texts,
    beforeSave: async () => undefined,
    read: async (name: string) => texts.get(name),
    save: async (name: string, text: string, expected: string | undefined) => {
      await store.beforeSave()
      if (texts.get(name)?.version !== expected) return false
      texts.set(name, { text, version: `${Number(expected ?? 0) + 1}` })
      return true
    },
  }
  return store
}

/** Operators of one process: the real client, over HTTP, with the server's addresses in the environment. */
async function withChange<T>(
  world: WafWorld,
  notes: NoteStore,
  work: (change: Change) => Promise<T>,
  now = Date.now(),
): Promise<T> {
  const before = { ...process.env }
  Object.assign(process.env, world.env)
  try {
    const place = { region, profile: undefined, webAcl: 'apigw-prod', stage: 'prod' }
    return await withWaf(place, (waf) => work({ waf, notes, dryRun: false, now }))
  } finally {
    process.env = before
  }
}

const cidrs = (...texts: string[]) => texts.flatMap((text) => readCidr(text) ?? [])
const held = (world: WafWorld) => world.sets.get('apigw-prod-block-v4')?.Addresses ?? []
const notesIn = (notes: ReturnType<typeof memoryNotes>) =>
  [...notes.texts.values()].flatMap(({ text }) => JSON.parse(text).notes as { address: string; until: number | null }[])

describe('concurrent operators', () => {
  test('lose neither addresses nor notes', async () => {
    const world = await wafServer()
    const notes = memoryNotes()
    const all = Array.from({ length: 12 }, (_, index) => `203.0.113.${index}/32`)
    await withChange(world, notes, (change) =>
      Promise.all(all.map((address) => addEntries(change, 'block', cidrs(address), why))),
    )
    expect([...held(world)].sort()).toEqual([...all].sort())
    expect(
      notesIn(notes)
        .map(({ address }) => address)
        .sort(),
    ).toEqual([...all].sort())
    const conflicts = world.asked.filter(({ action }) => action === 'UpdateIPSet').length - all.length
    expect(conflicts).toBeGreaterThan(0)
  })
  test('on the command line lose nothing', async () => {
    const world = await desk()
    let interfered = 0
    world.before = (action) => {
      // Three conflicts in a row.
      const set = world.sets.get('apigw-prod-block-v4')
      if (action !== 'UpdateIPSet' || set === undefined || interfered >= 3) return undefined
      set.Addresses.push(`192.0.2.${++interfered}/32`)
      set.token++
      return undefined
    }
    await world.ok('block', '203.0.113.7', '--reason', 'x')
    expect(held(world)).toEqual(['192.0.2.1/32', '192.0.2.2/32', '192.0.2.3/32', '203.0.113.7/32'])
  })
  test('that keep conflicting fail after a dozen attempts', async () => {
    const world = await wafServer()
    world.before = (action) => (action === 'UpdateIPSet' ? { error: 'WAFOptimisticLockException' } : undefined)
    const failing = withChange(world, memoryNotes(), (change) => addEntries(change, 'block', cidrs('203.0.113.7'), why))
    await expect(failing).rejects.toMatchObject({ code: 'waf-busy', next: 'run the command again' })
    expect(world.asked.filter(({ action }) => action === 'UpdateIPSet')).toHaveLength(12)
  })
  test('an update whose response was lost is not applied twice', async () => {
    const world = await wafServer()
    let cut = false
    world.before = (action) => {
      const set = world.sets.get('apigw-prod-block-v4')
      if (action !== 'UpdateIPSet' || cut || set === undefined) return undefined
      cut = true
      set.Addresses.push('203.0.113.7/32')
      set.token++
      return { error: 'WAFOptimisticLockException' }
    }
    await withChange(world, memoryNotes(), (change) => addEntries(change, 'block', cidrs('203.0.113.7'), why))
    expect(held(world)).toEqual(['203.0.113.7/32'])
  })
})

describe('a sweep', () => {
  /** An entry that expired a minute ago. */
  async function withDueEntry() {
    const world = await wafServer()
    const notes = memoryNotes()
    const past = Date.now() - 60_000
    await withChange(
      world,
      notes,
      (change) => addEntries(change, 'block', cidrs('203.0.113.7'), { ...why, until: past }),
      past - 1,
    )
    return { world, notes }
  }
  const renew = (world: WafWorld, notes: NoteStore) =>
    withChange(world, notes, (change) =>
      addEntries(change, 'block', cidrs('203.0.113.7'), { ...why, until: Date.now() + 60_000 }),
    )

  test('keeps an address that is blocked again before its removal', async () => {
    const { world, notes } = await withDueEntry()
    let once = false
    world.before = async (action) => {
      if (action !== 'UpdateIPSet' || once) return undefined
      once = true
      await renew(world, notes)
      return undefined
    }
    expect(await withChange(world, notes, sweep)).toEqual([])
    expect(once).toBe(true)
    expect(held(world)).toEqual(['203.0.113.7/32'])
    expect(notesIn(notes)).toHaveLength(1)
  })
  test('keeps an address that is blocked again between the removal of address and note', async () => {
    const { world, notes } = await withDueEntry()
    let once = false
    notes.beforeSave = async () => {
      if (once) return
      once = true
      expect(held(world)).toEqual([])
      await renew(world, notes)
    }
    expect(await withChange(world, notes, sweep)).toEqual([])
    expect(held(world)).toEqual(['203.0.113.7/32'])
    expect(notesIn(notes)).toHaveLength(1)
  })
  test('that is killed between address and note leaves nothing in force, and the next completes it', async () => {
    const { world, notes } = await withDueEntry()
    notes.beforeSave = () => Promise.reject(new Error('killed'))
    await expect(withChange(world, notes, sweep)).rejects.toThrow('killed')
    expect(held(world)).toEqual([])
    notes.beforeSave = async () => undefined
    await withChange(world, notes, sweep)
    expect(notesIn(notes)).toEqual([])
  })
})

test('a block that is killed between note and address leaves no address without expiry', async () => {
  const world = await wafServer()
  const notes = memoryNotes()
  world.before = (action) => (action === 'UpdateIPSet' ? { error: 'WAFInternalErrorException', status: 500 } : undefined)
  const until = Date.now() + 60_000
  const failing = withChange(world, notes, (change) => addEntries(change, 'block', cidrs('203.0.113.7'), { ...why, until }))
  await expect(failing).rejects.toMatchObject({ code: 'aws-unavailable' })
  expect(held(world)).toEqual([])
  expect(notesIn(notes)).toMatchObject([{ address: '203.0.113.7/32', until }])
})
