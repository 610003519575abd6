import { count } from '../cli/output.ts'
import type { Counters } from '../dev/local/index.ts'

const everyMs = 250
const everyPipedMs = 2_000

function words({ accepted, refused, stored, delivered }: Readonly<Counters>): string {
  return `accepted ${count(accepted)}   refused ${count(refused)}   stored ${count(stored)}   delivered ${count(delivered)}`
}

/**
 * Shows counters as they change, on stderr: one line that is written over on a terminal, a new line into a pipe.
 * @returns what ends it, with the last figures shown
 */
export function liveLine(counters: Readonly<Counters>, stream: NodeJS.WriteStream = process.stderr): () => void {
  let shown = stream.isTTY ? '' : words(counters)
  const show = (): void => {
    const line = words(counters)
    if (line === shown) return
    shown = line
    stream.write(stream.isTTY ? `\r\u001b[K${line}` : `${line}\n`)
  }
  show()
  const timer = setInterval(show, stream.isTTY ? everyMs : everyPipedMs)
  return () => {
    clearInterval(timer)
    show()
    if (stream.isTTY) stream.write('\n')
  }
}
