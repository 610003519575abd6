import { Redis } from 'ioredis'
import type { Connection } from './connect.ts'

/** Between two looks at the clock. */
const tickMs = 100

export interface Deadline {
  /** Something was asked… */
  asked(): void
  /** …and answered, or failed. */
  done(): void
}

/**
 * Breaks a connection on which an answer is overdue: ioredis then fails all that waits on it, and fails what comes
 * until it is connected again. Its own `commandTimeout` arms a timer for each command, and those cost 3 of the 14 µs
 * of an admission. Redis answers in the order in which it was asked, so here two counters and one timer are enough:
 * what had been asked by an earlier tick has to be done by now. In a cluster each node has a connection of its own
 * and nothing is watched; there `commandTimeout` does it.
 *
 * @param answerMs the longest that anything waits, in whole ticks
 */
export function deadline(redis: Connection, answerMs: number): Deadline {
  if (!(redis instanceof Redis)) return { asked: () => undefined, done: () => undefined }
  const late = answerMs / tickMs - 1
  const askedByTick: number[] = []
  let asked = 0
  let done = 0
  let timer: NodeJS.Timeout | undefined

  const tick = (): void => {
    if (done === asked) {
      clearInterval(timer)
      timer = undefined
      askedByTick.length = 0
      return
    }
    askedByTick.push(asked)
    if (askedByTick.length <= late) return
    if (done < (askedByTick.shift() ?? 0)) redis.stream?.destroy(new Error('no answer in time'))
  }
  const watched = {
    asked: () => {
      asked++
      timer ??= setInterval(tick, tickMs).unref()
    },
    done: () => {
      done++
    },
  }

  // A new connection asks Redis whether it is ready, and a machine that died may never say.
  let greeting = false
  const greeted = (): void => {
    if (greeting) watched.done()
    greeting = false
  }
  redis.on('connect', () => {
    greeting = true
    watched.asked()
  })
  redis.on('ready', greeted)
  redis.on('close', greeted)
  return watched
}
