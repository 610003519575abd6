import { Flags } from '@oclif/core'
import { AgentCommand, agentFlags } from '../../cli/agent-command.ts'
import { maskedNumber } from '../../domain/masked.ts'
import { previewRows } from '../../operations/agent/index.ts'
import { previewText } from '../../presenters/agent.ts'

export default class AgentPreview extends AgentCommand {
  static override summary = 'show the rows that the agent would send next'
  static override description =
    'Changes nothing and sends nothing. It shows rows that the agent would end itself, such as those of an unknown type; the gateway checks numbers and texts when they are sent.'
  static override examples = ['<%= config.bin %> agent preview', '<%= config.bin %> agent preview --limit 100 --json']
  static override flags = {
    ...agentFlags,
    'show-numbers': Flags.boolean({
      default: false,
      env: 'APIGW_SHOW_NUMBERS',
      summary: 'show whole telephone numbers of recipients',
    }),
    limit: Flags.integer({ default: 20, min: 1, max: 500, env: 'APIGW_LIMIT', summary: 'maximum number of rows' }),
  }

  async run() {
    const { flags } = await this.parse(AgentPreview)
    return this.withAgent(flags.settings, async (agent) => {
      const found = await previewRows(agent, flags.limit)
      const rows = flags['show-numbers'] ? found : found.map((row) => ({ ...row, to: maskedNumber(row.to) }))
      this.log(rows.length === 0 ? 'No row is due.' : previewText(rows))
      return { rows }
    })
  }
}
