import { type Cluster, Redis } from 'ioredis'
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
 * what had been asked by an earlier tick has to be done by now. Ticks are counted and not time, because a process that gets no
 * processor hears late of answers that are there.
 *
 * @param answerMs the longest that anything waits, in whole ticks
 */
export function deadline(redis: Connection, answerMs: number): Deadline {
  return redis instanceof Redis ? ofOne(redis, answerMs) : ofCluster(redis, answerMs)
}

function ofOne(redis: Redis, answerMs: number): Deadline {
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

  watchGreeting(redis, answerMs)
  return watched
}

/**
 * A new connection asks Redis whether it is ready, and a machine that died may never say. That has a timer of its own: calls
 * that fail at once, for lack of a connection, would otherwise be counted as the answers that it waits for, and a
 * connection whose greeting was lost would stay for as long as calls come.
 */
function watchGreeting(redis: Redis, answerMs: number): void {
  let timer: NodeJS.Timeout | undefined
  const greeted = (): void => clearTimeout(timer)
  redis.on('connect', () => {
    clearTimeout(timer)
    const { stream } = redis
    timer = setTimeout(() => stream.destroy(new Error('no answer in time')), answerMs).unref()
  })
  redis.on('ready', greeted)
  redis.on('close', greeted)
}

/** What a connection had written and read, and for how many ticks it has read nothing since it wrote more. */
interface Quiet {
  read: number
  written: number
  ticks: number
}

/**
 * In a cluster `commandTimeout` ends a command that waits too long for one node. It does not end the connection: to a node
 * that has gone silent, commands would be sent for as long as the kernel believes in it, long after its replica took over
 * (https://github.com/redis/ioredis/issues/559). So a connection is broken that was written to and reads nothing; ioredis's
 * `socketTimeout` does the same by time.
 */
function ofCluster(cluster: Cluster, answerMs: number): Deadline {
  const late = answerMs / tickMs
  const quiet = new WeakMap<object, Quiet>()
  let waiting = 0
  let timer: NodeJS.Timeout | undefined

  const look = ({ stream }: Redis): void => {
    // Before the first connection the stream is undefined, although the type says otherwise.
    if (!stream || stream.destroyed) return
    const { bytesRead, bytesWritten } = stream
    const known = quiet.get(stream)
    if (known === undefined || known.read !== bytesRead) {
      // A connection that has read nothing at all still waits for the answer to its greeting.
      quiet.set(stream, { read: bytesRead, written: bytesRead === 0 ? 0 : bytesWritten, ticks: 0 })
    } else if (bytesWritten > known.written && ++known.ticks >= late) stream.destroy(new Error('no answer in time'))
  }
  const tick = (): void => {
    for (const node of cluster.nodes('master')) look(node)
    if (waiting > 0) return
    clearInterval(timer)
    timer = undefined
  }
  return {
    asked: () => {
      waiting++
      timer ??= setInterval(tick, tickMs).unref()
    },
    done: () => {
      waiting--
    },
  }
}
