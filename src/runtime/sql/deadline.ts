/** A call to a server that did not answer in time. What the server made of it is not known. */
export class NoAnswer extends Error {
  constructor(milliseconds: number) {
    super(`no answer within ${milliseconds / 1000} s`)
    this.name = 'NoAnswer'
  }
}

/**
 * Waits for `work` up to `milliseconds`. The drivers' own limits end at the server or at the socket, and a peer that is gone
 * without a FIN answers neither: only a clock on this side ends such a wait.
 * @param onTimeout ends what `work` waits on, so that it leaves nothing open
 * @throws NoAnswer
 */
export async function within<T>(work: Promise<T>, milliseconds: number, onTimeout: () => void): Promise<T> {
  const { promise: timedOut, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    reject(new NoAnswer(milliseconds))
    onTimeout()
  }, milliseconds)
  try {
    return await Promise.race([work, timedOut])
  } finally {
    clearTimeout(timer)
    // The loser of the race still fails later, as when its socket is destroyed.
    work.catch(() => undefined)
  }
}
