import { AgentCommand, agentFlags } from '../../cli/agent-command.ts'
import { ask, readStdin } from '../../cli/prompts.ts'
import { Problem } from '../../domain/problem.ts'
import { readAgentKey, sealForAgent } from '../../runtime/agent/index.ts'

export default class AgentEncrypt extends AgentCommand {
  static override summary = 'encrypt a secret for agent.yaml'
  static override description =
    'Reads the secret from stdin, or from a hidden prompt. Prints the value for credentials or databasePassword.'
  static override examples = ['<%= config.bin %> agent encrypt', 'pass show acme-database | <%= config.bin %> agent encrypt']
  static override flags = { ...agentFlags }

  async run() {
    const { flags } = await this.parse(AgentEncrypt)
    const { settings, resolve } = this.load(flags.settings)
    const keys = readAgentKey(resolve(settings.keyFile))
    const secret = this.interactive ? await ask({ message: 'Secret', hidden: true }) : (await readStdin()).replace(/\r?\n$/, '')
    if (secret === '') throw new Problem('input-missing', 'No secret was given.', { next: 'pipe it to stdin' })
    const sealed = sealForAgent(secret, keys)
    this.log(sealed)
    return { sealed }
  }
}
