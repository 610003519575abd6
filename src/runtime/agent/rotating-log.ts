import { appendFileSync, existsSync, renameSync, statSync } from 'node:fs'

export interface RotatingLogOptions {
  readonly file: string
  readonly maxBytes: number
  /** Older files that are kept: `agent.log.1` is the newest. */
  readonly keep: number
}

/** A log file that is renamed when it is full, so that it never fills the disk. */
export class RotatingLog {
  readonly #options: RotatingLogOptions
  #bytes: number

  constructor(options: RotatingLogOptions) {
    this.#options = options
    this.#bytes = existsSync(options.file) ? statSync(options.file).size : 0
  }

  /** A full or read-only disk loses lines and nothing else: messages do not wait for a log. */
  write(line: string): void {
    const text = `${line}\n`
    try {
      if (this.#bytes > 0 && this.#bytes + text.length > this.#options.maxBytes) this.#rotate()
      appendFileSync(this.#options.file, text, { mode: 0o600 })
      this.#bytes += Buffer.byteLength(text)
    } catch {
      this.#bytes = 0
    }
  }

  #rotate(): void {
    const { file, keep } = this.#options
    for (let number = keep - 1; number >= 1; number--) {
      if (existsSync(`${file}.${number}`)) renameSync(`${file}.${number}`, `${file}.${number + 1}`)
    }
    renameSync(file, `${file}.1`)
    this.#bytes = 0
  }
}
