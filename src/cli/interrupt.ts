/** A command that stops sooner, such as one that follows a log, prints no notice. */
const noticeAfterMs = 1_000

/**
 * Runs `work` with a signal that aborts at the first Ctrl-C. A request to AWS that is in flight is not cancelled, because its
 * result would then be unknown; a notice says so. A second Ctrl-C exits at once.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stopping = new AbortController()
  let notice: NodeJS.Timeout | undefined
  const stop = (): void => {
    stopping.abort()
    notice = setTimeout(() => process.stderr.write('Stopping once AWS answers. Press Ctrl-C again to exit now.\n'), noticeAfterMs)
  }
  process.once('SIGINT', stop)
  try {
    return await work(stopping.signal)
  } finally {
    clearTimeout(notice)
    process.removeListener('SIGINT', stop)
  }
}
