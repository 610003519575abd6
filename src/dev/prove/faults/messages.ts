import { pause, waitFor } from '../patience.ts'
import { queueName } from '../stage.ts'
import { always, type Fault, type World } from './fault.ts'

const again = 20
const spoilMs = 15_000

export const badRows: Fault = {
  name: 'bad-rows',
  title: "the carrier's table refuses some rows",
  holds: 'their neighbours are written, and each of them ends as rejected',
  possible: always,
  inject: async ({ sender, names, chance }) => {
    let refused = 0
    const calls = [1, 2, 3].map(() => {
      const refs = names(30)
      const bad = new Set(chance.shuffled(refs).slice(0, 2))
      refused += bad.size
      return sender.send({ key: `refused-${refs[0]}`, refs, refused: bad })
    })
    await Promise.all(calls)
    return `${refused} rows among ${3 * 30}`
  },
}

export const mixedEnvelopes: Fault = {
  name: 'mixed-envelopes',
  title: 'unreadable messages among good ones, in the same envelopes',
  holds: 'the good ones are written, and the unreadable ones end as rejected',
  possible: always,
  inject: async ({ stage, signal, probe }) => {
    const before = stage.spoiler.planted.length
    stage.spoiler.spoil(6)
    // Enough traffic to fill them, should no other be under way.
    await waitFor(spoilMs, signal, async () => {
      await probe()
      return stage.spoiler.left === 0
    })
    return `${stage.spoiler.planted.length - before} envelopes`
  },
  heal: async ({ stage }) => stage.spoiler.stop(),
}

/** Malformed bodies. They end in the dead-letter queue. */
export const poison: readonly string[] = ['not JSON', '{}', '[1, 2, 3]', '{"v":1,"customer":"keyed","messages":[]}']

export const unreadableMessages: Fault = {
  name: 'unreadable-messages',
  title: 'malformed messages in the queue',
  holds: 'they end in the dead-letter queue, and stop no other',
  possible: always,
  inject: async ({ stage }) => {
    for (const body of poison) stage.emulator.sendMessage(queueName, body)
    return `${poison.length} messages`
  },
}

function someBodies({ stage, chance }: World): string[] {
  return chance.shuffled(stage.spoiler.bodies).slice(0, again)
}

export const redelivery: Fault = {
  name: 'redelivery',
  title: 'SQS delivers old envelopes once more, after their rows were moved away',
  holds: 'nothing is written a second time',
  possible: always,
  inject: async (world) => {
    const bodies = someBodies(world)
    for (const body of bodies) world.stage.emulator.sendMessage(queueName, body)
    return `${bodies.length} envelopes`
  },
}

/** Makes finished calls once more. @returns in words what they were answered */
async function replayed(world: World): Promise<string> {
  const { sender, chance, wrong } = world
  const orders = chance.shuffled(sender.answered).slice(0, again)
  let answered = 0
  for (const order of orders) {
    const same = await sender.replay(order)
    if (same !== undefined) answered += 1
    if (same !== undefined && same !== 'same')
      wrong('replays that were answered otherwise than the first time', [order.order.key])
  }
  return `${answered} of ${orders.length} calls`
}

export const replay: Fault = {
  name: 'replay',
  title: 'customers make finished calls once more, with the same keys',
  holds: 'each gets its first answer, costs nothing, and sends nothing',
  possible: always,
  inject: (world) => replayed(world),
}

export const replayForgotten: Fault = {
  name: 'replay-forgotten',
  title: 'the registry loses the records of finished calls, and they are made once more',
  holds: 'each gets the same ids, and nothing is sent a second time',
  possible: always,
  inject: async (world) => {
    const { stage, members, sender, chance, signal } = world
    const { id } = members.keyed
    sender.forgotten()
    const forgotten = await stage.registry.forgetCalls(id)
    await pause(100, signal)
    const orders = chance.shuffled(sender.answered).slice(0, again)
    for (const order of orders) {
      const same = await sender.replay(order)
      if (same === 'other') world.wrong('calls that got other ids after their record was lost', [order.order.key])
    }
    return `${forgotten} records lost, ${orders.length} calls made again`
  },
}
