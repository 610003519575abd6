/** Lambda freezes a function between two events, and nothing that is shorter loses a connection. */
const idleMs = 5_000

export interface Frozen {
  /** At the start of an event: whether the process may have been frozen since the last one. */
  begin(): boolean
  /** At the end of an event. */
  end(): void
}

/**
 * Notices that a function may have been frozen between two events
 * (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html): its connections may then be gone without
 * a word. By both clocks, because one of them may have stood still with the machine.
 */
export function frozenSince(wall: () => number = Date.now, monotonic: () => number = () => performance.now()): Frozen {
  let ended: { readonly wall: number; readonly monotonic: number } | undefined
  return {
    begin: () => ended !== undefined && (Math.abs(wall() - ended.wall) > idleMs || monotonic() - ended.monotonic > idleMs),
    end: () => {
      ended = { wall: wall(), monotonic: monotonic() }
    },
  }
}
