import { Redis } from 'ioredis'
import type { Connection } from './connect.ts'

/**
 * Makes a function to call before each command: what is asked within one turn of the event loop then leaves with one
 * system call instead of one each, which is most of what a command costs here. ioredis's own auto-pipelining does the
 * same with an object for each command, and measured slower than not gathering at all
 * (https://github.com/redis/ioredis/issues/1239). In a cluster each node has a connection of its own and nothing is
 * gathered.
 */
export function gatherer(redis: Connection): () => void {
  if (!(redis instanceof Redis)) return () => undefined
  let corked: typeof redis.stream | undefined
  const send = (): void => {
    corked?.uncork()
    corked = undefined
  }
  return () => {
    // Before the first connection the stream is undefined, although the type says otherwise. A reconnection creates a new one.
    if (corked !== undefined || !redis.stream) return
    corked = redis.stream
    corked.cork()
    setImmediate(send)
  }
}
