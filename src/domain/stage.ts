import type { Charset } from './euc-kr.ts'

/** The stacks of a stage, in the order in which they build on each other. */
export const stackKeys = ['security', 'network', 'data', 'edge', 'gateway', 'worker', 'admin'] as const
export type StackKey = (typeof stackKeys)[number]

export const fronts = ['api-gateway', 'container'] as const
export const workers = ['lambda', 'container'] as const
export const engines = ['mariadb', 'postgres'] as const
export const sizes = ['solo', 'small', 'medium', 'large'] as const
/** Where the registry of customers is. */
export const registryStores = ['redis', 'dynamodb'] as const
export const egresses = ['auto', 'endpoints', 'nat', 'none'] as const
export const wafModes = ['count', 'block'] as const
export const detections = ['create', 'existing'] as const
export const releases = ['canary', 'linear', 'at-once'] as const
/** `topic`: people subscribe to the topic of the security stack themselves. `none`: no one is alerted. */
export const alertChoices = ['topic', 'none'] as const
export const thresholdChoices = ['none', 'mail', 'slack', 'both'] as const

type Of<T extends readonly string[]> = T[number] | undefined

/** What a new stack takes over from an earlier stack of the stage. */
export interface RestoreSettings {
  /** A snapshot of the database. */
  readonly database?: string | undefined
  /** A snapshot of a registry in Redis. */
  readonly registry?: string | undefined
  /** The table of a registry in DynamoDB. */
  readonly registryTable?: string | undefined
  /** The ARN of the secret with the master key. */
  readonly masterKey?: string | undefined
  /** The table of the ledger. */
  readonly ledger?: string | undefined
  /** The bucket of images. */
  readonly media?: string | undefined
}

/** The `deploy` section of a stage in apigw.yaml. A missing setting has the default of the template. */
export interface DeploySettings {
  readonly front?: Of<typeof fronts>
  readonly worker?: Of<typeof workers>
  readonly engine?: Of<typeof engines>
  readonly size?: Of<typeof sizes>
  readonly egress?: Of<typeof egresses>
  readonly registry?: Of<typeof registryStores>
  /** Makes both fronts and both registries, for the time of a change between solo and the other sizes. */
  readonly transition?: boolean | undefined
  /** Zones with interfaces of the interface endpoints. */
  readonly endpointZones?: 1 | 2 | undefined
  /** Nodes of each part of a registry in Redis. */
  readonly registryNodes?: 1 | 2 | undefined
  /** Through NAT or endpoints, both ways. */
  readonly monthlyGigabytes?: number | undefined
  readonly domain?: string | undefined
  readonly hostedZoneId?: string | undefined
  readonly certificateArn?: string | undefined
  readonly waf?: Of<typeof wafModes>
  readonly carrier?: string | undefined
  readonly secondCarrier?: string | undefined
  /** What the carriers' tables hold. */
  readonly charset?: Charset | undefined
  /** The operator's own origin code, for customers without one. */
  readonly originCode?: string | undefined
  /** The container image, by digest. */
  readonly image?: string | undefined
  readonly alertEmail?: string | undefined
  /** Required without `alertEmail`: a stage that alerts no one is a decision, not an omission. */
  readonly alerts?: Of<typeof alertChoices>
  /** How the operator hears that customers have used a part of a quota. */
  readonly thresholds?: Of<typeof thresholdChoices>
  /** US dollars. */
  readonly monthlyBudget?: number | undefined
  readonly detection?: Of<typeof detections>
  /** How callers move to a new version. */
  readonly release?: Of<typeof releases>
  /** Another name for the artifact bucket than the usual one. */
  readonly artifactBucket?: string | undefined
  readonly restore?: RestoreSettings | undefined
  /** Any parameter of a template, by stack and name. It overrules what the rest says. */
  readonly parameters?: Readonly<Partial<Record<StackKey, Readonly<Record<string, string | number | boolean>>>>> | undefined
}

/** What each stack builds on: it takes values of those. */
const buildsOn: Readonly<Record<StackKey, readonly StackKey[]>> = {
  security: [],
  network: ['security'],
  data: ['security', 'network'],
  edge: ['security', 'network'],
  gateway: ['security', 'network', 'data', 'edge'],
  worker: ['security', 'network', 'data'],
  admin: ['security', 'network', 'data'],
}

export function stackName(stage: string, key: string): string {
  return `apigw-${stage}-${key}`
}

/** The stacks that a stack builds on. */
export function stacksBelow(key: StackKey): readonly StackKey[] {
  return buildsOn[key]
}

/** The stacks that build on one, and so have to go before it. */
export function dependentsOf(key: StackKey): StackKey[] {
  return stackKeys.filter((other) => buildsOn[other].includes(key))
}
