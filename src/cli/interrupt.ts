/** Sooner, and whoever only ends what follows a log would be told of nothing. */
const patienceMs = 1_000

/**
 * Runs `work` with a signal that the first Ctrl-C gives. A second one ends the program at once, and whoever waits is told so:
 * a request to AWS that is under way is not given up, because then nobody would know what became of it.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stopping = new AbortController()
  let patience: NodeJS.Timeout | undefined
  const stop = (): void => {
    stopping.abort()
    patience = setTimeout(() => process.stderr.write('Stopping when AWS answers; Ctrl-C again ends it now.\n'), patienceMs)
  }
  process.once('SIGINT', stop)
  try {
    return await work(stopping.signal)
  } finally {
    clearTimeout(patience)
    process.removeListener('SIGINT', stop)
  }
}
