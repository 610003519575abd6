import { readFileSync } from 'node:fs'
import { Flags } from '@oclif/core'
import { readPriceFile } from '../domain/aws-price-file.ts'
import type { OwnPrices } from '../domain/aws-prices.ts'
import { readTraffic, type StatedTraffic } from '../domain/cost-traffic.ts'
import { Problem } from '../domain/problem.ts'
import { type DeploySettings, egresses, fronts, registryStores, sizes, workers } from '../domain/stage.ts'

export const pricingFlags = {
  prices: Flags.string({
    env: 'APIGW_PRICES',
    helpValue: 'FILE',
    summary: 'YAML with prices of your own, which overrule the published ones',
  }),
  'free-tier': Flags.boolean({
    default: false,
    env: 'APIGW_FREE_TIER',
    summary: "subtract AWS's free tiers, which the account has once for all that runs in it",
  }),
  explain: Flags.boolean({
    default: false,
    env: 'APIGW_EXPLAIN',
    summary: 'show the arithmetic of each line, with the source of each price',
  }),
} as const

function fraction(env: string, summary: string) {
  return Flags.string({ env, helpValue: '0-1', summary })
}

export const trafficFlags = {
  traffic: Flags.string({ env: 'APIGW_TRAFFIC', helpValue: 'FILE', summary: 'YAML with the traffic; the flags overrule it' }),
  messages: Flags.integer({ min: 0, env: 'APIGW_MESSAGES', helpValue: 'N', summary: 'messages a month' }),
  'batch-share': fraction('APIGW_BATCH_SHARE', 'share of messages that are sent in batches (default: 0)'),
  'batch-size': Flags.integer({
    min: 1,
    max: 500,
    env: 'APIGW_BATCH_SIZE',
    helpValue: 'N',
    summary: 'messages in a batch (default: 100)',
  }),
  'media-share': fraction('APIGW_MEDIA_SHARE', 'share of messages with an image (default: 0)'),
  customers: Flags.integer({ min: 1, env: 'APIGW_CUSTOMERS', helpValue: 'N', summary: 'number of customers (default: 1)' }),
  'report-polls': Flags.integer({
    min: 0,
    env: 'APIGW_REPORT_POLLS',
    helpValue: 'N',
    summary: 'calls for reports a month (default: one a minute for each customer)',
  }),
} as const

/** Settings of the stage that are tried out. */
export const stageFlags = {
  region: Flags.string({ env: 'APIGW_REGION', helpValue: 'REGION', summary: 'AWS region (default: that of the stage)' }),
  size: Flags.option({ options: sizes })({ env: 'APIGW_SIZE', summary: 'size instead of that of the stage' }),
  front: Flags.option({ options: fronts })({ env: 'APIGW_FRONT', summary: 'front instead of that of the stage' }),
  worker: Flags.option({ options: workers })({ env: 'APIGW_WORKER', summary: 'worker instead of that of the stage' }),
  egress: Flags.option({ options: egresses })({ env: 'APIGW_EGRESS', summary: 'egress instead of that of the stage' }),
  store: Flags.option({ options: registryStores })({
    env: 'APIGW_STORE',
    summary: 'store of the registry instead of that of the stage',
  }),
} as const

function textOf(path: string, flag: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new Problem('input-invalid', `${path} cannot be read.`, { next: `check the path of --${flag}`, cause })
  }
}

/** @throws Problem `input-invalid` */
export function ownPrices(path: string | undefined, region: string): OwnPrices | undefined {
  if (path === undefined) return undefined
  const own = readPriceFile(textOf(path, 'prices'), path)
  if (own.region === undefined || own.region === region) return own
  throw new Problem('input-invalid', `${path} has the prices of ${own.region}, and not of ${region}.`, {
    next: 'use another file, or remove region from it if the prices are for every region',
  })
}

function shareOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (/^(?:0|1|0?\.\d+|1\.0+|0\.0+)$/.test(text) && value <= 1) return value
  throw new Problem('usage', `--${flag} is "${text}", and must be a number from 0 to 1, such as 0.8.`)
}

export interface TrafficValues {
  readonly traffic?: string | undefined
  readonly messages?: number | undefined
  readonly 'batch-share'?: string | undefined
  readonly 'batch-size'?: number | undefined
  readonly 'media-share'?: string | undefined
  readonly customers?: number | undefined
  readonly 'report-polls'?: number | undefined
}

/** What is stated in the file, overruled by the flags. @throws Problem `input-missing`, `input-invalid`, `usage` */
export function statedTraffic(flags: TrafficValues): StatedTraffic {
  const file = flags.traffic === undefined ? {} : readTraffic(textOf(flags.traffic, 'traffic'), flags.traffic)
  const given = {
    messages: flags.messages,
    batchShare: shareOf('batch-share', flags['batch-share']),
    batchSize: flags['batch-size'],
    mediaShare: shareOf('media-share', flags['media-share']),
    customers: flags.customers,
    reportPolls: flags['report-polls'],
  }
  const stated = { ...file, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) }
  if (stated.messages !== undefined || typeof stated.customers === 'object') return stated
  throw new Problem('input-missing', 'How many messages are sent in a month?', {
    next: 'add --messages N, or --traffic FILE with messages',
  })
}

export interface StageValues {
  readonly size?: (typeof sizes)[number] | undefined
  readonly front?: (typeof fronts)[number] | undefined
  readonly worker?: (typeof workers)[number] | undefined
  readonly egress?: (typeof egresses)[number] | undefined
  readonly store?: (typeof registryStores)[number] | undefined
}

/** Names that a template requires and that no price depends on, for a stage that has none yet. */
const placeholders: DeploySettings = { domain: 'api.example.com', hostedZoneId: 'Z00000000000', alerts: 'topic' }

/** The settings of a stage with those that are tried out. */
export function triedSettings(settings: DeploySettings, { size, front, worker, egress, store }: StageValues): DeploySettings {
  return {
    ...placeholders,
    ...settings,
    ...(size !== undefined && { size }),
    ...(front !== undefined && { front }),
    ...(worker !== undefined && { worker }),
    ...(egress !== undefined && { egress }),
    ...(store !== undefined && { registry: store }),
  }
}
