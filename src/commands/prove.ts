import { Flags } from '@oclif/core'
import { BaseCommand } from '../cli/base.ts'
import { count, facts, styled } from '../cli/output.ts'
import { prove } from '../prove/index.ts'

export default class Prove extends BaseCommand {
  static override summary = 'send messages while everything is killed, and count lost, doubled and oversold'
  static override description =
    'Starts gateways, workers, queue, registry and database of its own in a temporary folder (Redis and MariaDB where this machine has them, else SQLite), kills and cuts them off while messages with Idempotency-Keys go through, and counts. Exit code 1 if any number is not 0.'
  static override examples = ['<%= config.bin %> prove', '<%= config.bin %> prove --messages 20000 --rounds 50']
  static override flags = {
    messages: Flags.integer({ default: 2_000, min: 1, max: 1_000_000, env: 'APIGW_MESSAGES', summary: 'how many to send' }),
    rounds: Flags.integer({ default: 10, min: 1, max: 10_000, env: 'APIGW_ROUNDS', summary: 'how many faults meanwhile' }),
  }

  async run() {
    const { flags } = await this.parse(Prove)
    const stopping = new AbortController()
    const stop = (): void => stopping.abort()
    process.once('SIGINT', stop)
    try {
      const proof = await prove({ ...flags, tell: (line) => this.note(line), signal: stopping.signal })
      const verdict = (bad: number): string => styled(bad === 0 ? 'green' : 'red', count(bad))
      this.log(
        facts([
          ['registry, database', `${proof.registry}, ${proof.database}`],
          ...Object.entries(proof.faults).map(([name, times]): [string, string] => [name, `${times} times`]),
          ['calls', `${count(proof.calls)}, of which ${count(proof.retried)} again`],
          ['messages accepted', count(proof.accepted)],
          ['envelopes redelivered', count(proof.redelivered)],
          ['lost', verdict(proof.lost)],
          ['duplicated', verdict(proof.duplicated)],
          ['oversold', verdict(proof.oversold)],
        ]),
      )
      if (proof.lost + proof.duplicated + proof.oversold > 0 || proof.accepted < flags.messages) process.exitCode = 1
      return proof
    } finally {
      process.removeListener('SIGINT', stop)
    }
  }
}
