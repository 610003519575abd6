import { count } from '../presenters/output.ts'

const everyMs = 250

/** Shows how far a long command has come, on stderr: one line on a terminal that changes, a line for each step in a pipe. */
export class StepLine {
  readonly #quiet: boolean
  readonly #stream: NodeJS.WriteStream
  #step = ''
  #shownAt = Number.NEGATIVE_INFINITY
  #isOpen = false

  constructor(quiet: boolean, stream: NodeJS.WriteStream = process.stderr) {
    this.#quiet = quiet
    this.#stream = stream
  }

  show(step: string, done: number): void {
    const isNew = step !== this.#step
    this.#step = step
    if (this.#quiet || (!isNew && !this.#stream.isTTY)) return
    if (!isNew && performance.now() - this.#shownAt < everyMs) return
    this.#shownAt = performance.now()
    const text = `${step} …${done > 0 ? ` ${count(done)}` : ''}`
    if (!this.#stream.isTTY) {
      this.#stream.write(`${text}\n`)
      return
    }
    this.#stream.write(`${isNew && this.#isOpen ? '\n' : ''}\r\u001b[K${text}`)
    this.#isOpen = true
  }

  end(): void {
    if (this.#isOpen) this.#stream.write('\n')
    this.#isOpen = false
  }
}
