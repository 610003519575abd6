/**
 * Lets only so many run at once; the others wait their turn. Each request that runs beside another starts one more
 * function, and an account has a thousand of them for everything.
 */
export function turns(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0
  const waiting: (() => void)[] = []
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await work()
    } finally {
      // Whoever waits takes the place over.
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }
}
