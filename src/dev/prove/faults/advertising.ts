import { nightEnd } from '../../../domain/advertising.ts'
import { openDatabase } from '../../../runtime/ports/index.ts'
import { Releaser } from '../../../runtime/worker/index.ts'
import { pause, waitFor } from '../patience.ts'
import { recipientOf } from '../sender.ts'
import { carrier, type Stage } from '../stage.ts'
import { always, type Fault, type World } from './fault.ts'

const ads = 24
/** Of which so many are opted out of before the morning. */
const earlyAds = 8
const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** 22:00 in Seoul, which is 13:00 in UTC, as a time of the day. */
const nightMs = 13 * hourMs
const heldMs = 60_000
/** Within this after the morning has begun, customers cancel and recipients opt out. */
const racingMs = 1_500
const everyMs = 100

/** The next 22:00 in Seoul that is at least two hours away. */
function nextNight(now: number): number {
  const from = now + 2 * hourMs
  return from - (from % dayMs) + nightMs + (from % dayMs > nightMs ? dayMs : 0)
}

/** Makes what the customer has in the table of held messages due, and free to be taken. */
function comeDue({ rows }: Stage, customer: string): Promise<unknown> {
  return rows.sql.all(`UPDATE held_messages SET due_at = 1, claimed_at = 0 WHERE customer = '${customer}'`)
}

/** @param noted only those that customers can read */
async function heldNow({ rows }: Stage, customer: string, noted = 0): Promise<number> {
  const [row] = await rows.sql.all(`SELECT count(*) AS n FROM held_messages WHERE customer = '${customer}' AND noted >= ${noted}`)
  return Number(row?.n)
}

/** Releasers like those of two workers, with a clock of their own. */
async function withReleasers<T>(
  stage: Stage,
  clock: { now: number },
  work: (round: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const database = await openDatabase(stage.rows.direct)
  const parts = { database, ledger: stage.reports, carriers: [carrier], observe: () => undefined, now: () => clock.now }
  const releasers = [new Releaser(parts), new Releaser(parts)]
  try {
    return await work(async () => void (await Promise.all(releasers.map((releaser) => releaser.once()))))
  } finally {
    await database.close()
  }
}

/** Sends the advertisements. A third is opted out of at once; two thirds are cancelled or opted out of from the morning on, or sent. */
function advertise({ advertiser, names, chance, signal }: World, sendAt: number, morning: number, hasBegun: Promise<void>) {
  const soon = (): Promise<void> => pause(chance.next() * racingMs, signal)
  const racing = { wait: () => hasBegun.then(soon) }
  const ends = {
    early: { kind: 'opt-out', wait: async () => undefined },
    cancelled: { kind: 'cancel', ...racing },
    late: { kind: 'opt-out', ...racing },
    none: undefined,
  } as const
  const send = (kind: keyof typeof ends, refs: readonly string[]): Promise<void>[] => {
    const end = ends[kind]
    const dueAt = kind === 'early' ? morning : 0
    return refs.map((ref) =>
      advertiser.schedule({ ref, sendAt, dueAt, adTo: recipientOf(ref), ...(end !== undefined && { end }) }),
    )
  }
  const early = names(earlyAds)
  const all = [
    ...send('early', early),
    ...send('cancelled', names(ads / 4)),
    ...send('late', names(ads / 4)),
    ...send('none', names(ads / 6)),
  ]
  return { early: early.map(recipientOf), all: Promise.all(all) }
}

/** Hands over what is held: nothing a moment before the morning, and all from then on. */
async function release({ stage, members, signal, wrong }: World, morning: number, begin: () => void, open: () => boolean) {
  const { id } = members.advertiser
  const clock = { now: morning - 1 }
  await withReleasers(stage, clock, async (round) => {
    await comeDue(stage, id)
    await round()
    const held = await heldNow(stage, id)
    // Those of who had opted out are refused at any time.
    if (held < ads - earlyAds) wrong('advertisements that were handed over before 08:00', [`${ads - earlyAds - held}`])
    clock.now = morning
    begin()
    await pause(racingMs / 2, signal)
    while (open() && !signal.aborted) {
      await comeDue(stage, id)
      await round()
      await pause(everyMs, signal)
    }
  })
}

export const nightEnds: Fault = {
  name: 'night-ends',
  title: 'advertisements are held over a night, and handed over by moved clocks',
  holds: 'none is sent before 08:00, none to who had opted out, and units of what is not sent come back once',
  possible: always,
  inject: async (world) => {
    const { stage, members, signal, wrong } = world
    const owner = { customer: members.advertiser.id, environment: 'live' } as const
    const sendAt = nextNight(Date.now())
    const morning = nightEnd(sendAt) ?? sendAt
    const { promise: hasBegun, resolve: begin } = Promise.withResolvers<void>()
    const { early, all } = advertise(world, sendAt, morning, hasBegun)
    let open = true
    const ended = all.finally(() => {
      open = false
    })
    const held = await waitFor(heldMs, signal, async () => {
      const optedOut = await stage.reports.suppressed(owner, early)
      return optedOut.size === early.length && (await heldNow(stage, owner.customer, 1)) === ads
    })
    if (!held) wrong('advertisements of the night that were not held', [owner.customer])
    // Their clock says otherwise: to them nothing is due.
    await Promise.all(stage.workers.map((worker) => worker.kill()))
    try {
      await release(world, morning, begin, () => open)
      await ended
    } finally {
      begin()
      await Promise.all(stage.workers.map((worker) => worker.start()))
    }
    return `${ads} advertisements`
  },
}
