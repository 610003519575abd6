import { Problem } from '../../domain/problem.ts'
import {
  artifactBucket,
  assetKey,
  type Change,
  defaultBucket,
  deployStack,
  describeStack,
  isCovered,
  previewStack,
  type StackClients,
  type Steps,
  surveyStack,
  uploadAsset,
  type Wanted,
  zip,
} from '../stacks/index.ts'
import { type Adopt, type Source, sourceOf } from './adopt.ts'
import type { TrailClients } from './clients.ts'
import { globalRegion, globalStackName, prefix, secretName, trailStack } from './names.ts'
import { cisFilters, notifierCode, patternsOf, settingsText, shippedFile, type TrailChoices } from './packed.ts'
import { inBothRegions } from './regions.ts'
import { globalTemplate, trailTemplate } from './template.ts'
import { knownWebhooks, storedWebhooks, storeWebhooks } from './webhooks.ts'

export interface Installation {
  readonly choices: TrailChoices
  /** Checked webhooks; undefined: those that are stored stay. */
  readonly webhooks: string | undefined
  readonly email: string | undefined
  readonly adopt: Adopt
  /** Asked where there is a trail of all regions, and nothing was said of it. Absent: nobody can be asked. */
  readonly ask?: ((trail: string) => Promise<'adopt' | 'own'>) | undefined
  /** Only to look: then there need be no webhook yet. */
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

/** Both templates, as they would be deployed. */
export async function templates(choices: TrailChoices): Promise<{ home: string; global: string }> {
  const patterns = patternsOf(choices)
  return {
    home: trailTemplate(await shippedFile('trail.yaml'), patterns, await cisFilters()),
    global: globalTemplate(await shippedFile('global.yaml'), patterns),
  }
}

/** Everything that an installation consists of. Nothing of it is made yet. */
interface Plan {
  readonly home: Wanted
  /** The stack in us-east-1; undefined where home is there. */
  readonly global: Wanted | undefined
  /** The function's archive; its key is known from its content. */
  readonly code: Uint8Array
  /** Webhooks that are to be stored; undefined where the right ones are. */
  readonly webhooks: string | undefined
  readonly source: Source
}

/** @throws Problem `rule-invalid`, `trail-exists`, `input-missing`, `input-invalid`, `aws-…` */
async function planned(clients: TrailClients, stacks: StackClients, wanted: Installation, tell: Steps['tell']): Promise<Plan> {
  const { region } = stacks
  const [texts, settings] = await Promise.all([templates(wanted.choices), settingsText(wanted.choices)])
  if (wanted.webhooks !== undefined) await knownWebhooks(wanted.webhooks, tell)
  const stack = await describeStack(stacks, trailStack)
  // A stack that has outputs was made once. What was chosen then, and is not said now, stays.
  const installed = stack !== undefined && Object.keys(stack.outputs).length > 0 ? stack : undefined
  const source = await sourceOf(clients, region, wanted.adopt, installed, wanted.ask)
  const code = zip({ 'notifier.mjs': await notifierCode(), 'settings.json': settings })
  const parameters = {
    Prefix: prefix,
    CodeBucket: await defaultBucket(stacks),
    CodeKey: assetKey(code, 'zip'),
    SlackSecret: secretName,
    AdoptLogGroup: source.logGroup,
    Email: wanted.email ?? installed?.parameters.Email ?? '',
  }
  const further = { name: globalStackName, templateBody: texts.global, parameters: { Prefix: prefix, HomeRegion: region }, tags }
  return {
    home: { name: trailStack, templateBody: texts.home, parameters, tags },
    global: region === globalRegion ? undefined : further,
    code,
    webhooks: await webhooksToStore(clients, wanted),
    source,
  }
}

/** Those that were given, unless they are stored. @throws Problem `input-missing` where there would be none */
async function webhooksToStore(clients: TrailClients, { webhooks, dryRun }: Installation): Promise<string | undefined> {
  const stored = await storedWebhooks(clients)
  if (webhooks !== undefined || stored !== undefined || dryRun) return webhooks === stored ? undefined : webhooks
  throw new Problem('input-missing', 'There is no webhook to post to.', {
    next: 'set APIGW_SLACK_WEBHOOK, or give --webhook - and write it to stdin',
  })
}

const willStore = 'The webhook goes into Secrets Manager.'

/**
 * Makes the trail, or brings it up to date: what is as it should be stays as it is. There is one yes, for all that would
 * change, and nothing is made, uploaded or stored before it.
 * @throws Problem `trail-exists`, `input-missing`, `declined`, `aws-…`, `stack-…`
 */
export async function install(clients: TrailClients, wanted: Installation, steps: Steps): Promise<Installed> {
  return inBothRegions(clients.place, async (here, there) => {
    const plan = await planned(clients, here, wanted, steps.tell)
    const { home, global, code, webhooks, source } = plan
    const further = global === undefined ? [] : (await surveyStack(there, global, steps)).changes
    let begun = false
    const begin = async (changes: readonly Change[]): Promise<boolean> => {
      if (webhooks !== undefined) steps.tell(willStore)
      begun = await steps.approve([...changes, ...further])
      if (!begun) return false
      await uploadAsset(here, await artifactBucket(here), code, 'zip')
      if (webhooks !== undefined) await storeWebhooks(clients, webhooks)
      return true
    }
    const { outputs } = await deployStack(here, home, { ...steps, approve: begin })
    if (global !== undefined) {
      const approve = async (changes: readonly Change[]): Promise<boolean> => {
        if (!begun && !(await begin([]))) return false
        return changes.every((change) => isCovered(change, further)) || steps.approve(changes)
      }
      await deployStack(there, global, { ...steps, approve })
    }
    if (!begun && webhooks !== undefined && !(await begin([]))) throw new Problem('declined', 'Nothing was changed.')
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

/** What `install` would change, without changing it. */
export async function previewInstall(
  clients: TrailClients,
  wanted: Installation,
  steps: Steps,
): Promise<{ stack: string; changes: readonly Change[] }[]> {
  return inBothRegions(clients.place, async (here, there) => {
    const { home, global, webhooks } = await planned(clients, here, wanted, steps.tell)
    if (webhooks !== undefined) steps.tell(willStore)
    const first = { stack: trailStack, changes: await previewStack(here, home, steps) }
    if (global === undefined) return [first]
    return [first, { stack: globalStackName, changes: (await surveyStack(there, global, steps)).changes }]
  })
}
