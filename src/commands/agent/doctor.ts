import { AgentCommand, agentFlags } from '../../cli/agent-command.ts'
import { examineAgent } from '../../operations/agent/index.ts'
import { checkLine } from '../../presenters/checks.ts'

export default class AgentDoctor extends AgentCommand {
  static override summary = 'check everything the agent needs, and suggest fixes'
  static override description =
    'Checks the gateway, the credentials, the clocks, the database, the rights on each table, other programs that send from it, and the journal. Changes nothing. Exits with 1 if a check fails.'
  static override examples = ['<%= config.bin %> agent doctor']
  static override flags = { ...agentFlags }

  async run() {
    const { flags } = await this.parse(AgentDoctor)
    return this.withAgent(flags.settings, async (agent, loaded) => {
      const found = await examineAgent(loaded, agent, process.env)
      const checks = found.map(({ fix, ...check }) => (fix === undefined ? check : { ...check, fix: this.nextText(fix) }))
      const failed = checks.filter(({ state }) => state === 'fail').length
      this.log(checks.map(checkLine).join('\n'))
      if (failed > 0) process.exitCode = 1
      return { failed, checks }
    })
  }
}
