import { Problem } from '../../domain/problem.ts'
import {
  artifactBucket,
  assetKey,
  type Change,
  type DesiredStack,
  defaultBucket,
  deployStack,
  describeStack,
  diffStack,
  isCovered,
  previewStack,
  type StackClients,
  type Steps,
  uploadAsset,
  zip,
} from '../stacks/index.ts'
import { type Adopt, type Source, sourceOf } from './adopt.ts'
import type { TrailClients } from './clients.ts'
import { globalRegion, globalStackName, prefix, secretName, trailStack } from './names.ts'
import { inBothRegions } from './regions.ts'
import { cisFilters, notifierCode, patternsOf, settingsText, shippedFile, type TrailChoices } from './settings.ts'
import { globalTemplate, trailTemplate } from './template.ts'
import { storedWebhooks, storeWebhooks, verifyWebhooks } from './webhooks.ts'

export interface Installation {
  readonly choices: TrailChoices
  /** Validated webhooks; undefined: the stored ones are kept. */
  readonly webhooks: string | undefined
  readonly email: string | undefined
  readonly adopt: Adopt
  /** Asks what to do with an existing multi-region trail. Absent if the session is not interactive. */
  readonly ask?: ((trail: string) => Promise<'adopt' | 'own'>) | undefined
  /** Changes nothing, and needs no webhook. */
  readonly dryRun: boolean
}

export interface Installed {
  readonly changed: boolean
  readonly region: string
  readonly trail: string
  readonly logGroup: string
  readonly topic: string
  readonly stacks: readonly string[]
}

const tags = { 'apigw:part': 'trail' }

/** Both templates, as deployed. */
export async function templates(choices: TrailChoices): Promise<{ home: string; global: string }> {
  const patterns = patternsOf(choices)
  return {
    home: trailTemplate(await shippedFile('trail.yaml'), patterns, await cisFilters()),
    global: globalTemplate(await shippedFile('global.yaml'), patterns),
  }
}

/** Everything that an installation creates. */
interface Plan {
  readonly home: DesiredStack
  /** The stack in us-east-1; undefined if that is the home region. */
  readonly global: DesiredStack | undefined
  /** The function's archive; its S3 key is its content hash. */
  readonly code: Uint8Array
  /** The webhooks to store; undefined if they are stored already. */
  readonly webhooks: string | undefined
  readonly source: Source
}

/** @throws Problem `rule-invalid`, `trail-exists`, `input-missing`, `input-invalid`, `aws-…` */
async function planInstallation(
  clients: TrailClients,
  stacks: StackClients,
  wanted: Installation,
  report: Steps['report'],
): Promise<Plan> {
  const { region } = stacks
  const [texts, settings] = await Promise.all([templates(wanted.choices), settingsText(wanted.choices)])
  if (wanted.webhooks !== undefined) await verifyWebhooks(wanted.webhooks, report)
  const stack = await describeStack(stacks, trailStack)
  // A stack with outputs was installed before. Options that are not set now keep their previous values.
  const installed = stack !== undefined && Object.keys(stack.outputs).length > 0 ? stack : undefined
  const source = await sourceOf(clients, region, wanted.adopt, installed, wanted.ask)
  const code = zip({ 'notifier.mjs': await notifierCode(), 'settings.json': settings })
  const email = wanted.email ?? installed?.parameters.Email ?? ''
  const parameters = {
    Prefix: prefix,
    CodeBucket: await defaultBucket(stacks),
    CodeKey: assetKey(code, 'zip'),
    SlackSecret: secretName,
    AdoptLogGroup: source.logGroup,
    Email: email,
  }
  const globalChanges = {
    name: globalStackName,
    templateBody: texts.global,
    parameters: { Prefix: prefix, HomeRegion: region, Email: email },
    tags,
  }
  return {
    home: { name: trailStack, templateBody: texts.home, parameters, tags },
    global: region === globalRegion ? undefined : globalChanges,
    code,
    webhooks: await webhooksToStore(clients, wanted),
    source,
  }
}

/** The configured webhooks, unless they are stored already. @throws Problem `input-missing` if none is configured or stored */
async function webhooksToStore(clients: TrailClients, { webhooks, dryRun }: Installation): Promise<string | undefined> {
  const stored = await storedWebhooks(clients)
  if (webhooks !== undefined || stored !== undefined || dryRun) return webhooks === stored ? undefined : webhooks
  throw new Problem('input-missing', 'No Slack webhook is configured.', {
    next: 'set APIGW_SLACK_WEBHOOK, or use --webhook - and pass it on stdin',
  })
}

const storesWebhook = 'The webhook will be stored in Secrets Manager.'

/**
 * Installs or updates the trail. Asks once for all changes, and creates, uploads and stores nothing before the approval.
 * @throws Problem `trail-exists`, `input-missing`, `declined`, `aws-…`, `stack-…`
 */
export async function install(clients: TrailClients, wanted: Installation, steps: Steps): Promise<Installed> {
  return inBothRegions(clients.place, async (here, there) => {
    const plan = await planInstallation(clients, here, wanted, steps.report)
    const { home, global, code, webhooks, source } = plan
    const globalChanges = global === undefined ? [] : (await diffStack(there, global, steps)).changes
    let begun = false
    const begin = async (changes: readonly Change[]): Promise<boolean> => {
      if (webhooks !== undefined) steps.report(storesWebhook)
      begun = await steps.approve([...changes, ...globalChanges])
      if (!begun) return false
      await uploadAsset(here, await artifactBucket(here), code, 'zip')
      if (webhooks !== undefined) await storeWebhooks(clients, webhooks)
      return true
    }
    const { outputs } = await deployStack(here, home, { ...steps, approve: begin })
    if (global !== undefined) {
      const approve = async (changes: readonly Change[]): Promise<boolean> => {
        if (!begun && !(await begin([]))) return false
        return changes.every((change) => isCovered(change, globalChanges)) || steps.approve(changes)
      }
      await deployStack(there, global, { ...steps, approve })
    }
    if (!begun && webhooks !== undefined && !(await begin([])))
      throw new Problem('declined', 'Not confirmed. Nothing was changed.')
    return {
      changed: begun,
      region: here.region,
      trail: outputs.TrailName || source.trail,
      logGroup: outputs.LogGroup ?? source.logGroup,
      topic: outputs.TopicArn ?? '',
      stacks: global === undefined ? [trailStack] : [trailStack, globalStackName],
    }
  })
}

/** Lists what `install` would change, without changing it. */
export async function previewInstall(
  clients: TrailClients,
  wanted: Installation,
  steps: Steps,
): Promise<{ stack: string; changes: readonly Change[] }[]> {
  return inBothRegions(clients.place, async (here, there) => {
    const { home, global, webhooks } = await planInstallation(clients, here, wanted, steps.report)
    if (webhooks !== undefined) steps.report(storesWebhook)
    const first = { stack: trailStack, changes: await previewStack(here, home, steps) }
    if (global === undefined) return [first]
    return [first, { stack: globalStackName, changes: (await diffStack(there, global, steps)).changes }]
  })
}
