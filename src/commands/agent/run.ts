import { AgentCommand, agentFlags } from '../../cli/agent-command.ts'
import { stopSignal } from '../../cli/signals.ts'
import { maskedFields, withoutValues } from '../../domain/masked.ts'
import { agentEventText, agentLogLine } from '../../presenters/agent.ts'
import { type AgentEvent, agentStatus, keepReason, RotatingLog, runAgent, serveStatus } from '../../runtime/agent/index.ts'

export default class AgentRun extends AgentCommand {
  static override summary = 'send rows of your tables and write the reports back'
  static override description =
    'Runs until SIGINT or SIGTERM, then waits up to ten seconds for calls under way. A call without an answer is continued at the next start: nothing is sent twice. With --json, prints one JSON object per line.'
  static override examples = ['<%= config.bin %> agent run', '<%= config.bin %> agent run --settings /etc/apigw/agent.yaml']
  static override flags = { ...agentFlags }

  async run() {
    const { flags } = await this.parse(AgentRun)
    return this.withAgent(flags.settings, async (agent, { settings, resolve }) => {
      const journal = agent.journal()
      const { log: target } = settings
      const file =
        target === undefined
          ? undefined
          : new RotatingLog({ file: resolve(target.file), maxBytes: target.megabytes * 1_000_000, keep: target.keep })
      const keep = keepReason(journal, agentEventText)
      const counts = { accepted: 0, failed: 0, reports: 0 }
      const observe = (event: AgentEvent): void => {
        const now = Date.now()
        keep(event)
        if (event.kind === 'sent') counts.accepted += event.accepted
        if (event.kind === 'failed') counts.failed += event.rows
        if (event.kind === 'reported') counts.reports += event.reports
        const line = this.jsonEnabled()
          ? JSON.stringify({ time: new Date(now).toISOString(), ...Object(maskedFields(event)) })
          : withoutValues(agentLogLine(event, now))
        process.stdout.write(`${line}\n`)
        file?.write(line)
      }
      const { status: address } = settings
      const page = address === undefined ? undefined : await serveStatus(address, () => agentStatus(agent))
      const stopped = stopSignal()
      const { media } = settings
      const running = runAgent({
        tables: agent.tables,
        journal,
        gateway: agent.gateway,
        listen: agent.listen,
        agent: settings.name,
        observe,
        mediaRoot: media && resolve(media.root),
        mediaWrittenAs: media?.writtenAs,
      })
      this.note(
        `The agent "${settings.name}" sends ${agent.tables.map(({ table }) => table.name).join(', ')} to ${settings.gateway}.`,
      )
      await stopped
      this.note('Stopping. Calls under way get ten seconds to end.')
      await page?.close()
      await running.stop()
      return counts
    })
  }

  override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json)}\n`)
  }
}
