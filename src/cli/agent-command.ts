import { join } from 'node:path'
import { Flags } from '@oclif/core'
import { apigw } from '../domain/next-step.ts'
import { Problem } from '../domain/problem.ts'
import { type LoadedSettings, loadAgentSettings, type OpenAgent, openAgent } from '../runtime/agent/index.ts'
import { Refusal } from '../runtime/sql/index.ts'
import { BaseCommand } from './base.ts'

export const agentFlags = {
  settings: Flags.string({ env: 'APIGW_SETTINGS', helpValue: 'FILE', default: 'agent.yaml', summary: 'settings of the agent' }),
} as const

function tableUnusable(refusal: Refusal): Problem {
  const detail = `${refusal.address} refused a statement: ${refusal.message.replace(/\.$/, '')}.`
  return new Problem('table-unusable', detail, { next: apigw('agent doctor'), cause: refusal })
}

/** The base of the commands that run on the customer's side. They know no stage and no registry. */
export abstract class AgentCommand extends BaseCommand {
  // oclif reads it from the direct parent class only.
  static override enableJsonFlag = true
  static override baseFlags = {} as typeof BaseCommand.baseFlags

  protected get mapsFolder(): string {
    return join(this.config.root, 'templates', 'agent', 'maps')
  }

  /** The JSON Schema of agent.yaml. */
  protected get schemaFile(): string {
    return join(this.config.root, 'templates', 'agent', 'agent.schema.json')
  }

  /** @throws Problem `config-invalid` */
  protected load(path: string): LoadedSettings {
    return loadAgentSettings(path, this.mapsFolder)
  }

  /** Opens what agent.yaml names while `work` runs. */
  protected async withAgent<T>(path: string, work: (agent: OpenAgent, loaded: LoadedSettings) => Promise<T>): Promise<T> {
    const loaded = this.load(path)
    const agent = await openAgent(loaded, this.config.version)
    try {
      return await work(agent, loaded)
    } catch (error) {
      throw error instanceof Refusal ? tableUnusable(error) : error
    } finally {
      await agent.close()
    }
  }
}
