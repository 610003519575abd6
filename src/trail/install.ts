import type { AwsPlace } from '../aws/index.ts'
import { Problem } from '../domain/problem.ts'
import {
  artifactBucket,
  type Change,
  deployStack,
  previewStack,
  type StackClients,
  type Steps,
  stackClients,
  uploadAsset,
  type Wanted,
  zip,
} from '../stacks/index.ts'
import { called, type TrailClients } from './clients.ts'
import { globalRegion, globalStackName, prefix, secretName, trailStack } from './names.ts'
import { cisFilters, notifierCode, patternsOf, settingsText, shippedFile, type TrailChoices } from './packed.ts'
import { globalTemplate, trailTemplate } from './template.ts'
import { storedWebhooks, storeWebhooks } from './webhooks.ts'

export interface Installation {
  readonly choices: TrailChoices
  /** Checked webhooks; undefined: those that are stored stay. */
  readonly webhooks: string | undefined
  readonly email: string | undefined
  /** A trail whose log group is used instead of making one; `own` makes one although there is another. */
  readonly adopt: { readonly trail: string } | 'own' | undefined
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

function groupName(arn: string): string {
  return arn.split(':log-group:')[1]?.replace(/:\*$/, '') ?? ''
}

/**
 * The log group to use: of our own trail, or of one that is there. A second trail is billed for every event, so it is
 * not made in silence.
 * @throws Problem `trail-exists`, `input-invalid`
 */
async function logGroupToAdopt(clients: TrailClients, adopt: Installation['adopt']): Promise<string> {
  if (adopt === 'own') return ''
  const { DescribeTrailsCommand } = await import('@aws-sdk/client-cloudtrail')
  const { trailList = [] } = await called(clients, 'cloudtrail:DescribeTrails', () =>
    clients.cloudTrail.send(new DescribeTrailsCommand({})),
  )
  const others = trailList.filter(({ Name, IsMultiRegionTrail }) => Name !== prefix && IsMultiRegionTrail)
  if (adopt === undefined) {
    const [other] = others
    if (other === undefined || trailList.some(({ Name }) => Name === prefix)) return ''
    throw new Problem(
      'trail-exists',
      `There is a trail of all regions already: ${other.Name}. AWS bills a second one for every event.`,
      {
        next: `apigw trail install --adopt ${other.Name}, or --own for another`,
      },
    )
  }
  const wanted = trailList.find(({ Name, TrailARN }) => Name === adopt.trail || TrailARN === adopt.trail)
  if (wanted === undefined)
    throw new Problem('input-invalid', `There is no trail "${adopt.trail}".`, { next: 'aws cloudtrail describe-trails' })
  if (wanted.CloudWatchLogsLogGroupArn) return groupName(wanted.CloudWatchLogsLogGroupArn)
  throw new Problem('input-invalid', `The trail "${adopt.trail}" does not write to CloudWatch Logs.`, {
    next: `aws cloudtrail update-trail --name ${adopt.trail} --cloud-watch-logs-log-group-arn … --cloud-watch-logs-role-arn …, or --own`,
  })
}

async function uploadCode(stacks: StackClients, choices: TrailChoices): Promise<{ bucket: string; key: string }> {
  const bucket = await artifactBucket(stacks)
  const files = { 'notifier.mjs': await notifierCode(), 'settings.json': await settingsText(choices) }
  return { bucket, key: await uploadAsset(stacks, bucket, zip(files), 'zip') }
}

/** Where a change set is only looked at, nothing is uploaded: any key will do. */
const notUploaded = { bucket: 'not-uploaded', key: 'not-uploaded' }

async function homeStack(stacks: StackClients, wanted: Installation, adopted: string): Promise<Wanted> {
  const { home } = await templates(wanted.choices)
  const code = wanted.dryRun ? notUploaded : await uploadCode(stacks, wanted.choices)
  const parameters = {
    Prefix: prefix,
    CodeBucket: code.bucket,
    CodeKey: code.key,
    SlackSecret: secretName,
    AdoptLogGroup: adopted,
    Email: wanted.email ?? '',
  }
  return { name: trailStack, templateBody: home, parameters, tags }
}

async function inGlobalRegion<T>(place: AwsPlace, work: (stacks: StackClients) => Promise<T>): Promise<T> {
  const stacks = await stackClients({ ...place, region: globalRegion })
  try {
    return await work(stacks)
  } finally {
    stacks.close()
  }
}

async function globalStack(choices: TrailChoices, home: string): Promise<Wanted> {
  const { global } = await templates(choices)
  return { name: globalStackName, templateBody: global, parameters: { Prefix: prefix, HomeRegion: home }, tags }
}

async function needsWebhook(clients: TrailClients, { webhooks }: Installation): Promise<void> {
  if (webhooks !== undefined || (await storedWebhooks(clients)) !== undefined) return
  throw new Problem('input-missing', 'There is no webhook to post to.', {
    next: 'set APIGW_SLACK_WEBHOOK, or give --webhook - and write it to stdin',
  })
}

/**
 * Makes the trail, or brings it up to date: what is as it should be stays as it is.
 * @throws Problem `trail-exists`, `input-missing`, `declined`, `aws-…`, `stack-…`
 */
export async function install(clients: TrailClients, wanted: Installation, steps: Steps): Promise<Installed> {
  const adopted = await logGroupToAdopt(clients, wanted.adopt)
  await needsWebhook(clients, wanted)
  const stacks = await stackClients(clients.place)
  try {
    const home = await homeStack(stacks, wanted, adopted)
    if (wanted.webhooks !== undefined && (await storeWebhooks(clients, wanted.webhooks)))
      steps.tell('The webhook is in Secrets Manager.')
    const { outputs, changed } = await deployStack(stacks, home, steps)
    const { region } = stacks
    const both = region !== globalRegion
    const further = both
      ? await inGlobalRegion(clients.place, async (there) => deployStack(there, await globalStack(wanted.choices, region), steps))
      : undefined
    return {
      changed: changed || further?.changed === true,
      region,
      trail: outputs.TrailName || (typeof wanted.adopt === 'object' ? wanted.adopt.trail : ''),
      logGroup: outputs.LogGroup ?? adopted,
      topic: outputs.TopicArn ?? '',
      stacks: both ? [trailStack, globalStackName] : [trailStack],
    }
  } finally {
    stacks.close()
  }
}

/** What `install` would change, without changing it. */
export async function previewInstall(
  clients: TrailClients,
  wanted: Installation,
  steps: Steps,
): Promise<{ stack: string; changes: readonly Change[] }[]> {
  const adopted = await logGroupToAdopt(clients, wanted.adopt)
  const stacks = await stackClients(clients.place)
  try {
    const home = { stack: trailStack, changes: await previewStack(stacks, await homeStack(stacks, wanted, adopted), steps) }
    const { region } = stacks
    if (region === globalRegion) return [home]
    const further = await inGlobalRegion(clients.place, async (there) =>
      previewStack(there, await globalStack(wanted.choices, region), steps),
    )
    return [home, { stack: globalStackName, changes: further }]
  } finally {
    stacks.close()
  }
}
