import { count } from '../presenters/output.ts'

const terminalMs = 250
const pipeMs = 2_000

/** The counters of a running system that the line shows. */
interface Counters {
  readonly accepted: number
  readonly refused: number
  readonly stored: number
  readonly delivered: number
}

function lineOf({ accepted, refused, stored, delivered }: Counters): string {
  return `accepted ${count(accepted)}   refused ${count(refused)}   stored ${count(stored)}   delivered ${count(delivered)}`
}

/**
 * Prints counters to stderr as they change: updates one line on a terminal, adds lines to a pipe.
 * @returns a function that prints the last values and stops
 */
export function liveLine(counters: Counters, stream: NodeJS.WriteStream = process.stderr): () => void {
  let printed = stream.isTTY ? '' : lineOf(counters)
  const print = (): void => {
    const line = lineOf(counters)
    if (line === printed) return
    printed = line
    stream.write(stream.isTTY ? `\r\u001b[K${line}` : `${line}\n`)
  }
  print()
  const timer = setInterval(print, stream.isTTY ? terminalMs : pipeMs)
  return () => {
    clearInterval(timer)
    print()
    if (stream.isTTY) stream.write('\n')
  }
}
