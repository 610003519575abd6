import type { GetAccountAuthorizationDetailsCommandOutput, IAMClient } from '@aws-sdk/client-iam'
import { type AwsPlace, awsProblem, clientOptions } from '../../../aws/index.ts'
import { Problem } from '../../../domain/problem.ts'
import { quantity } from '../../../domain/quantity.ts'
import { type Account, type Facts, noFacts, type PasswordPolicy } from '../account/account.ts'
import { accountFrom, checkedDetails, type Details } from '../account/details.ts'
import { readCredentialReport } from './credential-report.ts'
import { Meter, type ReadLimits, readLimits } from './resources/limits.ts'
import { readResources } from './resources/read.ts'
import type { ReadContext } from './resources/region.ts'

/** A live account, and its authorization details for `--save`. */
export interface LiveAccount {
  readonly account: Account
  readonly details: Details
}

/** Reports progress on stderr. */
type Tell = (line: string) => void

async function iamClient(place: AwsPlace): Promise<IAMClient> {
  const { IAMClient } = await import('@aws-sdk/client-iam')
  // IAM is a global service, but its client requires a region.
  return new IAMClient({ region: 'us-east-1', ...clientOptions(place) })
}

/** What of other services is read. */
export interface LiveOptions {
  /** Whether to read the functions, stacks, tasks, instances and others that use roles. */
  readonly resources: boolean
  /** The regions to read them in; none: every region that the account has enabled. */
  readonly regions: readonly string[]
  readonly limits?: ReadLimits
}

const reportTries = 60
const reportPauseMs = 1_000

/** Reads the account in parts. Records the parts that fail and keeps the others. */
class PartReader {
  readonly missing: string[] = []
  readonly #place: AwsPlace
  readonly #tell: Tell

  constructor(place: AwsPlace, tell: Tell) {
    this.#place = place
    this.#tell = tell
  }

  async read<T>(action: string, what: string, load: () => Promise<T>): Promise<T | undefined> {
    try {
      const found = await load()
      this.#tell(`Read ${what}.`)
      return found
    } catch (error) {
      const problem = awsProblem(error, { action, region: this.#place.region, profile: this.#place.profile })
      if (!(problem instanceof Problem)) throw problem
      // Without credentials, every other part would fail too.
      if (problem.code === 'aws-credentials') throw problem
      this.missing.push(`${what} (${action}): ${problem.message}`)
      this.#tell(`Could not read ${what}. ${problem.message}`)
      return undefined
    }
  }
}

async function readDetails(iam: IAMClient, pages: Details[], tell: Tell): Promise<void> {
  const { paginateGetAccountAuthorizationDetails } = await import('@aws-sdk/client-iam')
  for await (const page of paginateGetAccountAuthorizationDetails({ client: iam, pageSize: 1_000 }, {})) {
    pages.push(checkedDetails(withLists(page), 'the IAM response'))
    const read = pages.reduce((sum, one) => sum + one.UserDetailList.length + one.RoleDetailList.length, 0)
    tell(`Read ${read} users and roles.`)
  }
}

/** A response without users has no `UserDetailList`. */
function withLists({
  UserDetailList = [],
  GroupDetailList = [],
  RoleDetailList = [],
  Policies = [],
}: GetAccountAuthorizationDetailsCommandOutput) {
  return { UserDetailList, GroupDetailList, RoleDetailList, Policies }
}

/** IAM generates a new credential report if the last one is older than four hours. This takes a few seconds. */
async function readReport(iam: IAMClient): Promise<{ text: string; at: number | undefined }> {
  const { GenerateCredentialReportCommand, GetCredentialReportCommand } = await import('@aws-sdk/client-iam')
  for (let round = 0; round < reportTries; round++) {
    const { State } = await iam.send(new GenerateCredentialReportCommand({}))
    if (State === 'COMPLETE') break
    await new Promise((resolve) => setTimeout(resolve, reportPauseMs))
  }
  const { Content, GeneratedTime } = await iam.send(new GetCredentialReportCommand({}))
  return { text: Buffer.from(Content ?? []).toString('utf8'), at: GeneratedTime?.getTime() }
}

async function readPasswordPolicy(iam: IAMClient): Promise<PasswordPolicy | null> {
  const { GetAccountPasswordPolicyCommand, NoSuchEntityException } = await import('@aws-sdk/client-iam')
  try {
    const { PasswordPolicy: found } = await iam.send(new GetAccountPasswordPolicyCommand({}))
    return {
      minimumLength: found?.MinimumPasswordLength ?? 6,
      symbols: found?.RequireSymbols ?? false,
      numbers: found?.RequireNumbers ?? false,
      uppercase: found?.RequireUppercaseCharacters ?? false,
      lowercase: found?.RequireLowercaseCharacters ?? false,
      reusePrevention: found?.PasswordReusePrevention ?? 0,
      maxAgeDays: found?.MaxPasswordAge ?? 0,
    }
  } catch (error) {
    if (error instanceof NoSuchEntityException) return null
    throw error
  }
}

async function readSummary(iam: IAMClient): Promise<ReadonlyMap<string, number>> {
  const { GetAccountSummaryCommand } = await import('@aws-sdk/client-iam')
  const { SummaryMap = {} } = await iam.send(new GetAccountSummaryCommand({}))
  return new Map(Object.entries(SummaryMap).map(([name, value]) => [name, Number(value)]))
}

async function readCertificates(iam: IAMClient): Promise<NonNullable<Facts['certificates']>> {
  const { paginateListServerCertificates } = await import('@aws-sdk/client-iam')
  const found = []
  for await (const { ServerCertificateMetadataList = [] } of paginateListServerCertificates({ client: iam }, {})) {
    for (const { ServerCertificateName: name = '', Arn: arn = '', Expiration } of ServerCertificateMetadataList) {
      if (Expiration !== undefined) found.push({ name, arn, expires: Expiration.getTime() })
    }
  }
  return found
}

async function readProviders(iam: IAMClient): Promise<NonNullable<Facts['providers']>> {
  const { ListOpenIDConnectProvidersCommand, ListSAMLProvidersCommand } = await import('@aws-sdk/client-iam')
  const [{ OpenIDConnectProviderList = [] }, { SAMLProviderList = [] }] = await Promise.all([
    iam.send(new ListOpenIDConnectProvidersCommand({})),
    iam.send(new ListSAMLProvidersCommand({})),
  ])
  return [
    ...OpenIDConnectProviderList.map(({ Arn = '' }) => ({ arn: Arn, kind: 'oidc' as const })),
    ...SAMLProviderList.map(({ Arn = '' }) => ({ arn: Arn, kind: 'saml' as const })),
  ]
}

/** IAM lists SSH keys only by user. Concurrency is limited to avoid throttling. */
const atOnce = 5

async function readSshKeys(iam: IAMClient, users: readonly string[]): Promise<NonNullable<Facts['sshKeys']>> {
  const { paginateListSSHPublicKeys } = await import('@aws-sdk/client-iam')
  const waiting = [...users]
  const found: { user: string; id: string }[] = []
  const readSome = async (): Promise<void> => {
    for (let user = waiting.pop(); user !== undefined; user = waiting.pop()) {
      for await (const { SSHPublicKeys = [] } of paginateListSSHPublicKeys({ client: iam }, { UserName: user })) {
        for (const { SSHPublicKeyId = '', Status } of SSHPublicKeys)
          if (Status === 'Active') found.push({ user, id: SSHPublicKeyId })
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, readSome))
  return found
}

type Resources = Pick<Facts, 'workloads' | 'workloadKinds' | 'regions'> & { readonly missing: readonly string[] }
const noResources: Resources = { workloads: undefined, workloadKinds: undefined, regions: undefined, missing: [] }

/** Reads what uses roles, once the roles are known: an instance names its profile, and only the role says in which it is. */
async function readUses(
  iam: IAMClient,
  place: AwsPlace,
  details: Details,
  { resources, regions, limits = readLimits }: LiveOptions,
): Promise<Resources> {
  const first = details.RoleDetailList[0]?.Arn ?? details.UserDetailList[0]?.Arn
  // Without roles there is nothing that a resource could use.
  if (!resources || first === undefined || details.RoleDetailList.length === 0) return noResources
  const byName = new Map(details.RoleDetailList.map(({ RoleName, Arn }) => [RoleName, Arn]))
  const byProfile = new Map(
    details.RoleDetailList.flatMap(({ Arn, InstanceProfileList }) => InstanceProfileList.map((one) => [one.Arn, Arn] as const)),
  )
  const byProfileName = new Map([...byProfile].map(([profile, role]) => [profile.split('/').at(-1) ?? profile, role]))
  const [, partition = 'aws', , , account = ''] = first.split(':')
  const context: ReadContext = {
    place,
    account,
    partition,
    credentials: () => iam.config.credentials(),
    roleNamed: (name) => byName.get(name),
    roleIn: (profile) => byProfile.get(profile) ?? byProfileName.get(profile),
    meter: new Meter(limits),
  }
  return readResources(context, regions, place.region ?? (await iam.config.region()))
}

/**
 * Reads a live account, and what uses its roles in every region. The parts are read in parallel. Parts that fail are listed in `missing`, and the others are kept.
 * @throws Problem `aws-credentials`
 */
export async function readLive(place: AwsPlace, options: LiveOptions, tell: Tell, now: number): Promise<LiveAccount> {
  const iam = await iamClient(place)
  const reader = new PartReader(place, tell)
  const pages: Details[] = []
  try {
    const [, report, passwordPolicy, summary, certificates, providers] = await Promise.all([
      reader.read('iam:GetAccountAuthorizationDetails', 'users, groups, roles and policies', () => readDetails(iam, pages, tell)),
      reader.read('iam:GenerateCredentialReport', 'the credential report', () => readReport(iam)),
      reader.read('iam:GetAccountPasswordPolicy', 'the password policy', () => readPasswordPolicy(iam)),
      reader.read('iam:GetAccountSummary', 'the account summary', () => readSummary(iam)),
      reader.read('iam:ListServerCertificates', 'server certificates', () => readCertificates(iam)),
      reader.read('iam:ListOpenIDConnectProviders', 'identity providers', () => readProviders(iam)),
    ])
    const details =
      pages.length === 0
        ? { UserDetailList: [], GroupDetailList: [], RoleDetailList: [], Policies: [] }
        : checkedDetails(pages, 'the IAM response')
    const users = details.UserDetailList.map(({ UserName }) => UserName)
    const [sshKeys, uses] = await Promise.all([
      reader.read('iam:ListSSHPublicKeys', 'SSH keys', () => readSshKeys(iam, users)),
      readUses(iam, place, details, options),
    ])
    if (uses.regions !== undefined) {
      tell(`Read ${quantity(uses.workloads?.length ?? 0, 'resource')} in ${quantity(uses.regions.read.length, 'region')}.`)
    }
    const facts: Facts = {
      ...noFacts,
      credentials: report && readCredentialReport(report.text, 'the credential report'),
      credentialsAt: report?.at,
      passwordPolicy,
      summary,
      certificates,
      providers,
      workloads: uses.workloads,
      workloadKinds: uses.workloadKinds,
      regions: uses.regions,
      sshKeys,
    }
    const account = accountFrom(details, { source: 'account', readAt: now })
    const id = account.id || (facts.credentials?.[0]?.arn.split(':')[4] ?? '')
    return { account: { ...account, id, facts, missing: [...account.missing, ...reader.missing, ...uses.missing] }, details }
  } finally {
    iam.destroy()
  }
}
