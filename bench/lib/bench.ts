export interface BenchOptions {
  readonly rounds: number
  readonly seconds: number
  /** How long a soak runs. */
  readonly minutes: number
}

/** What a file of this folder exports by default: one question, and how to answer it. */
export interface Bench {
  readonly question: string
  /** Programs that it needs, each in the Debian package of its own name; absent: wrk and Redis. */
  readonly needs?: readonly string[]
  /** It takes long, and runs only when it is named. */
  readonly byNameOnly?: boolean
  /** Measures and prints. It never asserts: whether an aim was reached is for people to read. */
  readonly run: (options: BenchOptions) => Promise<void>
}
