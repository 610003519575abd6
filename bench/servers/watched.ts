import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Loaded before a program (`--import`): says over IPC what its heap holds after a collection. */
setFlagsFromString('--expose-gc')
const collect: unknown = runInNewContext('gc')
const everyMs = 5_000

setInterval(() => {
  if (typeof collect === 'function') collect()
  process.send?.({ heap: process.memoryUsage().heapUsed })
}, everyMs).unref()
process.channel?.unref()
