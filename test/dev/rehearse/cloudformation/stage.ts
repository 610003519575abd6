import { onTestFinished, vi } from 'vitest'
import type { Account } from '../../../../src/dev/rehearse/cloudformation/account.ts'
import { type ServerOptions, serveAccount } from '../../../../src/dev/rehearse/cloudformation/server/server.ts'
import type { DeploySettings } from '../../../../src/domain/stage.ts'
import {
  deployStage,
  destroyStage,
  diffStage,
  findStacksToDelete,
  planStage,
  type StackClients,
  type StackDeployment,
  stackClients,
} from '../../../../src/operations/stacks/index.ts'

const name = 'prod'
const region = 'ap-northeast-2'

/** The digest of the image in the settings is in the repository, once there is one. */
function pushImage(account: Account, { image }: DeploySettings): void {
  const [, repository = '', digest = ''] = /\/([^/@]+)@(.+)$/.exec(image ?? '') ?? []
  if (repository !== '') account.facts.images.set(repository, new Set([digest]))
}

/** What `apigw deploy` and `apigw destroy` do, with the real code, against an account of the rehearsal. */
export class StageRehearsal {
  readonly account: Account
  readonly clients: StackClients
  readonly called: readonly string[]
  readonly #root: string

  constructor(account: Account, clients: StackClients, called: readonly string[], root: string) {
    this.account = account
    this.clients = clients
    this.called = called
    this.#root = root
  }

  #stage(settings: DeploySettings) {
    return { name, region, settings }
  }

  async diff(settings: DeploySettings, named: readonly string[] = []): Promise<readonly StackDeployment[]> {
    const plans = await planStage(this.#stage(settings), named, this.#root)
    const steps = { report: () => undefined, approve: async () => true }
    return diffStage(this.clients, this.#stage(settings), plans, steps)
  }

  /** Deploys the stacks of a stage. @returns why it failed */
  async deploy(settings: DeploySettings, named: readonly string[] = []): Promise<string | undefined> {
    try {
      const deployments = await this.diff(settings, named)
      const steps = { report: () => undefined, approve: async () => true }
      pushImage(this.account, settings)
      await deployStage(this.clients, deployments, this.#stage(settings), steps, () => undefined)
      return undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }

  /** Deletes all stacks. @returns why it failed */
  async destroy(): Promise<string | undefined> {
    try {
      const stacks = await findStacksToDelete(this.clients, name, [])
      await destroyStage(this.clients, stacks, { report: () => undefined }, () => undefined)
      return undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
}

/** Serves an account to the real code until the test is over. */
export async function rehearse(account: Account, root: string, options: Partial<ServerOptions> = {}): Promise<StageRehearsal> {
  const server = await serveAccount({ account, eventsAPoll: 1_000, ...options })
  const env = {
    AWS_ENDPOINT_URL: server.url,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: region,
    AWS_MAX_ATTEMPTS: '2',
  }
  for (const [key, value] of Object.entries(env)) vi.stubEnv(key, value)
  const clients = { ...(await stackClients({ region, profile: undefined })), pause: async () => undefined }
  onTestFinished(async () => {
    clients.close()
    await server.close()
    vi.unstubAllEnvs()
  })
  return new StageRehearsal(account, clients, server.called, root)
}
