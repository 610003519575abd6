import { setTimeout as sleep } from 'node:timers/promises'
import { Flags } from '@oclif/core'
import { AgentCommand, agentFlags } from '../../cli/agent-command.ts'
import { interruptible } from '../../cli/interrupt.ts'
import { agentStatusText } from '../../presenters/agent.ts'
import { agentStatus } from '../../runtime/agent/index.ts'

const everyMs = 2_000
const clearScreen = '\u001b[H\u001b[2J'

export default class AgentStatusCommand extends AgentCommand {
  static override summary = 'show the backlog of the agent, and why rows wait'
  static override description = 'Reads the journal and the tables. The agent may be running. Counts of due rows end at 100,000.'
  static override examples = ['<%= config.bin %> agent status', '<%= config.bin %> agent status --watch']
  static override flags = {
    ...agentFlags,
    watch: Flags.boolean({ default: false, env: 'APIGW_WATCH', summary: 'refresh every two seconds until Ctrl-C' }),
  }

  async run() {
    const { flags } = await this.parse(AgentStatusCommand)
    return this.withAgent(flags.settings, (agent) =>
      interruptible(async (signal) => {
        let status = await agentStatus(agent)
        while (flags.watch && !this.jsonEnabled() && !signal.aborted) {
          const clear = process.stdout.isTTY ? clearScreen : ''
          process.stdout.write(`${clear}${agentStatusText(status, Date.now())}\n`)
          await sleep(everyMs, undefined, { signal }).catch(() => undefined)
          status = await agentStatus(agent)
        }
        if (!flags.watch) this.log(agentStatusText(status, Date.now()))
        return status
      }),
    )
  }
}
