import { Flags } from '@oclif/core'
import { AgentCommand, agentFlags } from '../../cli/agent-command.ts'
import { shared } from '../../cli/base.ts'
import { confirm } from '../../cli/confirm.ts'
import { quantity } from '../../domain/quantity.ts'
import { retryRows, rowsToRetry } from '../../operations/agent/index.ts'
import { table } from '../../presenters/output.ts'

const maxRows = 10_000
const maxShown = 20

export default class AgentRetry extends AgentCommand {
  static override summary = 'send failed rows again, as new messages'
  static override description =
    'Sets the rows to ready and their due time to now. Each is a new message and costs a unit again, also if the first one reached its recipient and only its report failed.'
  static override examples = [
    '<%= config.bin %> agent retry --code ER --dry-run',
    '<%= config.bin %> agent retry --table em_tran --key 1201 --key 1202 --yes',
  ]
  static override flags = {
    ...agentFlags,
    table: Flags.string({ env: 'APIGW_TABLE', helpValue: 'NAME', summary: 'table, if agent.yaml has several' }),
    code: Flags.string({ env: 'APIGW_CODE', summary: 'only rows with this value in the result column' }),
    key: Flags.string({ multiple: true, env: 'APIGW_KEY', summary: 'only the row with this primary key; may be repeated' }),
    yes: shared.yes,
    'dry-run': shared.dryRun,
  }

  async run() {
    const { flags } = await this.parse(AgentRetry)
    const { table: name, code, key: keys } = flags
    return this.withAgent(flags.settings, async (agent) => {
      const request = { table: name, code, keys, limit: maxRows }
      const rows = await rowsToRetry(agent, request)
      if (rows.length === 0) {
        this.log('No failed row matches.')
        return { rows, retried: 0, dryRun: flags['dry-run'] }
      }
      const shown = rows.slice(0, maxShown).map((row) => [row.key, row.code])
      this.note(table(['key', 'result'], shown))
      if (rows.length > maxShown) this.note(`and ${rows.length - maxShown} more`)
      if (flags['dry-run']) {
        this.log(`Would retry ${quantity(rows.length, 'row')}.`)
        return { rows, retried: 0, dryRun: true }
      }
      await confirm(`Send ${quantity(rows.length, 'row')} again?`, { yes: flags.yes, interactive: this.interactive })
      const retried = await retryRows(agent, { ...request, keys: rows.map((row) => row.key) })
      this.log(`${quantity(retried, 'row')} can be sent again.`)
      return { rows, retried, dryRun: false }
    })
  }
}
