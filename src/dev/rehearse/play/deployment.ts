import type { DeploySettings } from '../../../domain/stage.ts'
import {
  deployStage,
  destroyStage,
  diffStage,
  findStacksToDelete,
  planStage,
  type StackClients,
  type Stage,
  stackClients,
} from '../../../operations/stacks/index.ts'
import { Account } from '../cloudformation/account.ts'
import { serveAccount } from '../cloudformation/server/server.ts'
import type { Place } from '../template/resource.ts'
import type { Tell } from './messages.ts'

const quiet = { report: () => undefined, approve: async () => true }
const eventsAPoll = 1_000

/**
 * Runs something with every call of AWS sent to the account of a rehearsal: the operations make clients of their own, and read
 * the environment. Nothing else in the process may call AWS until it ends.
 */
async function inRehearsal<T>(endpoint: string, region: string, work: () => Promise<T>): Promise<T> {
  const values: Readonly<Record<string, string | undefined>> = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'rehearsal',
    AWS_SECRET_ACCESS_KEY: 'rehearsal',
    AWS_SESSION_TOKEN: undefined,
    AWS_PROFILE: undefined,
    AWS_REGION: region,
  }
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const)
  const set = ([name, value]: readonly [string, string | undefined]): void => {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  Object.entries(values).forEach(set)
  try {
    return await work()
  } finally {
    before.forEach(set)
  }
}

/** The digest of an image is in its repository, as after a push. */
function pushImage(account: Account, { image }: DeploySettings): void {
  const [, repository = '', digest = ''] = /\/([^/@]+)@(.+)$/.exec(image ?? '') ?? []
  if (repository !== '') account.facts.images.set(repository, new Set([digest]))
}

/** A stage without deletion protection, which `apigw destroy` needs. */
function unprotected(settings: DeploySettings): DeploySettings {
  const { parameters = {} } = settings
  return { ...settings, parameters: { ...parameters, data: { ...parameters.data, DeletionProtection: false } } }
}

/**
 * Deploys a stage with the real code to CloudFormation as it is documented: creates it, compares it, deletes it, and creates it
 * again beside what was retained.
 * @param root the folder of the installation
 */
export async function playDeployment(stage: Stage, place: Place, root: string, tell: Tell): Promise<void> {
  const account = new Account(place)
  const server = await serveAccount({ account, eventsAPoll })
  try {
    await inRehearsal(server.url, place.region, async () => {
      const clients = { ...(await stackClients({ region: place.region, profile: undefined })), pause: async () => undefined }
      try {
        const deployment = new Deployment({ ...stage, region: place.region }, account, clients, root)
        for (const [what, work] of deployment.steps) if (!(await passed(what, work, tell))) return
      } finally {
        clients.close()
      }
    })
  } finally {
    await server.close()
  }
}

/** What `apigw deploy` and `apigw destroy` do, in one account. */
class Deployment {
  readonly #stage: Stage
  readonly #account: Account
  readonly #clients: StackClients
  readonly #root: string

  constructor(stage: Stage, account: Account, clients: StackClients, root: string) {
    this.#stage = stage
    this.#account = account
    this.#clients = clients
    this.#root = root
  }

  get steps(): readonly (readonly [what: string, work: () => Promise<string>])[] {
    const { settings } = this.#stage
    return [
      ['CloudFormation creates all stacks', async () => `${await this.#deploy(settings)} stacks`],
      ['a second deployment changes nothing', async () => noneChanged(await this.#deploy(settings))],
      ['the stage is deleted, except for what it keeps', () => this.#destroy()],
      ['it is deployed again beside what was kept', async () => `${await this.#deploy(settings)} stacks`],
    ]
  }

  /** @returns how many stacks changed */
  async #deploy(settings: DeploySettings): Promise<number> {
    const stage = { ...this.#stage, settings }
    const deployments = await diffStage(this.#clients, stage, await planStage(stage, [], this.#root), quiet)
    pushImage(this.#account, settings)
    let changed = 0
    await deployStage(this.#clients, deployments, stage, quiet, (result) => {
      if (result.changed) changed += 1
    })
    return changed
  }

  async #destroy(): Promise<string> {
    await this.#deploy(unprotected(this.#stage.settings))
    const stacks = await findStacksToDelete(this.#clients, this.#stage.name, [])
    await destroyStage(this.#clients, stacks, { report: () => undefined }, () => undefined)
    return `${this.#account.inventory.all().length} resources are kept`
  }
}

function noneChanged(changed: number): string {
  if (changed > 0) throw new Error(`${changed} stacks changed`)
  return 'up to date'
}

async function passed(what: string, work: () => Promise<string>, tell: Tell): Promise<boolean> {
  try {
    tell({ what, passed: true, detail: await work() })
    return true
  } catch (error) {
    tell({ what, passed: false, detail: error instanceof Error ? error.message : String(error) })
    return false
  }
}
