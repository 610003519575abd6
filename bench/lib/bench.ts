export interface BenchOptions {
  readonly rounds: number
  readonly seconds: number
}

/** What a file of this folder exports by default: one question, and how to answer it. */
export interface Bench {
  readonly question: string
  /** Measures and prints. It never asserts: whether an aim was reached is for people to read. */
  readonly run: (options: BenchOptions) => Promise<void>
}
