import { onTestFinished, vi } from 'vitest'
import { type Account, type ServerOptions, serveAccount } from '../../../../src/dev/rehearse/index.ts'
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
const userInitiated = 'User Initiated'

/** The digest of the image in the settings is in the repository, once there is one. */
function pushImage(account: Account, { image }: DeploySettings): void {
  const [, repository = '', digest = ''] = /\/([^/@]+)@(.+)$/.exec(image ?? '') ?? []
  if (repository !== '') account.facts.images.set(repository, new Set([digest]))
}

/** Why CloudFormation refused: the first failure of the last operation, or what began its rollback. */
function refusalIn({ stacks }: Account): string | undefined {
  const last = stacks.toSorted((one, other) => (one.events.at(-1)?.at ?? 0) - (other.events.at(-1)?.at ?? 0)).at(-1)
  const events = last?.events.slice(last.events.findLastIndex(({ reason }) => reason === userInitiated)) ?? []
  const rolledBack = events.findIndex(({ status }) => status.endsWith('ROLLBACK_IN_PROGRESS'))
  const before = events.slice(0, rolledBack === -1 ? undefined : rolledBack + 1)
  const failed = before.find(({ status }) => status.endsWith('_FAILED')) ?? before.at(-1)
  return failed?.reason === undefined || failed.reason === userInitiated ? undefined : `${failed.logicalId}: ${failed.reason}`
}

/** What `apigw deploy` and `apigw destroy` do, with the real code, against an account of the rehearsal. */
export class StageRehearsal {
  readonly account: Account
  readonly clients: StackClients
  readonly url: string
  readonly #root: string

  constructor(account: Account, clients: StackClients, url: string, root: string) {
    this.account = account
    this.clients = clients
    this.url = url
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
    return this.#refusalOf(async () => {
      const deployments = await this.diff(settings, named)
      const steps = { report: () => undefined, approve: async () => true }
      pushImage(this.account, settings)
      await deployStage(this.clients, deployments, this.#stage(settings), steps, () => undefined)
    })
  }

  /** Runs something. @returns why it was refused: by CloudFormation, or before anything was changed */
  async #refusalOf(work: () => Promise<void>): Promise<string | undefined> {
    const { now } = this.account
    try {
      await work()
      return undefined
    } catch (error) {
      const refusal = this.account.now > now ? refusalIn(this.account) : undefined
      return refusal ?? (error instanceof Error ? error.message : String(error))
    }
  }

  /** Deletes all stacks. @returns why it failed */
  async destroy(): Promise<string | undefined> {
    return this.#refusalOf(async () => {
      const stacks = await findStacksToDelete(this.clients, name, [])
      await destroyStage(this.clients, stacks, { report: () => undefined }, () => undefined)
    })
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
  return new StageRehearsal(account, clients, server.url, root)
}
