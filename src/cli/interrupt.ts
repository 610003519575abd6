/**
 * Runs `work` with a signal that the first Ctrl-C gives. A second one ends the program at once.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  process.once('SIGINT', stop)
  try {
    return await work(stopping.signal)
  } finally {
    process.removeListener('SIGINT', stop)
  }
}
