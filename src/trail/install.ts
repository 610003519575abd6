import type { AwsPlace } from '../aws/index.ts'
import { Problem } from '../domain/problem.ts'
import { artifactBucket, deployStack, type StackClients, type Steps, stackClients, uploadAsset, zip } from '../stacks/index.ts'
import { called, type TrailClients } from './clients.ts'
import { globalRegion, globalStackName, prefix, secretName, stackName } from './names.ts'
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
  const patterns = await patternsOf(choices)
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
    throw new Problem('trail-exists', `There is a trail of all regions already: ${other.Name}. AWS bills a second one for every event.`, {
      next: `apigw trail install --adopt ${other.Name}, or --own for another`,
    })
  }
  const wanted = trailList.find(({ Name, TrailARN }) => Name === adopt.trail || TrailARN === adopt.trail)
  if (wanted === undefined) throw new Problem('input-invalid', `There is no trail "${adopt.trail}".`, { next: 'aws cloudtrail describe-trails' })
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

async function deployGlobal(place: AwsPlace, home: string, template: string, steps: Steps): Promise<boolean> {
  const stacks = await stackClients({ ...place, region: globalRegion })
  try {
    const wanted = { name: globalStackName, templateBody: template, parameters: { Prefix: prefix, HomeRegion: home }, tags }
    return (await deployStack(stacks, wanted, steps)).changed
  } finally {
    stacks.close()
  }
}

/**
 * Makes the trail, or brings it up to date: what is as it should be stays as it is.
 * @throws Problem `trail-exists`, `input-missing`, `declined`, `aws-…`, `stack-…`
 */
export async function install(clients: TrailClients, wanted: Installation, steps: Steps): Promise<Installed> {
  const { choices, webhooks, email } = wanted
  const body = await templates(choices)
  const adopted = await logGroupToAdopt(clients, wanted.adopt)
  if (webhooks === undefined && (await storedWebhooks(clients)) === undefined) {
    throw new Problem('input-missing', 'There is no webhook to post to.', { next: 'set APIGW_SLACK_WEBHOOK, or give --webhook - and write it to stdin' })
  }
  const stacks = await stackClients(clients.place)
  try {
    const code = await uploadCode(stacks, choices)
    if (webhooks !== undefined && !wanted.dryRun && (await storeWebhooks(clients, webhooks))) steps.tell('The webhook is in Secrets Manager.')
    const parameters = {
      Prefix: prefix,
      CodeBucket: code.bucket,
      CodeKey: code.key,
      SlackSecret: secretName,
      AdoptLogGroup: adopted,
      Email: email ?? '',
    }
    const { outputs, changed } = await deployStack(stacks, { name: stackName, templateBody: body.home, parameters, tags }, steps)
    const { region } = stacks
    const both = region !== globalRegion
    const changedGlobal = both && (await deployGlobal(clients.place, region, body.global, steps))
    return {
      changed: changed || changedGlobal,
      region,
      trail: outputs.TrailName || (typeof wanted.adopt === 'object' ? wanted.adopt.trail : ''),
      logGroup: outputs.LogGroup ?? adopted,
      topic: outputs.TopicArn ?? '',
      stacks: both ? [stackName, globalStackName] : [stackName],
    }
  } finally {
    stacks.close()
  }
}
