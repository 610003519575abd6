import type { AgentEvent, ObserveAgent } from './events.ts'
import type { Journal } from './journal.ts'

/**
 * Keeps in the journal why rows wait, so that `apigw agent status` can say it while the agent runs.
 * @param text says an event in words
 */
export function keepReason(journal: Journal, text: (event: AgentEvent) => string, now: () => number = Date.now): ObserveAgent {
  let waiting = journal.meta('waiting-for') ?? ''
  const set = (reason: string): void => {
    if (reason === waiting) return
    waiting = reason
    journal.setMeta('waiting-for', reason)
  }
  return (event) => {
    switch (event.kind) {
      case 'sent':
        set('')
        journal.setMeta('last-sent-at', String(now()))
        break
      case 'held':
      case 'waiting':
      case 'unclear':
      case 'unavailable':
        set(text(event))
        break
      default:
    }
  }
}
