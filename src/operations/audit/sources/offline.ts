import { recordOf } from '../../../domain/record.ts'
import { type Policy, strictPolicy } from '../../policy/index.ts'
import type { Account } from '../account/account.ts'
import { accountFrom, checkedDetails } from '../account/details.ts'
import { readCredentialReport } from './credential-report.ts'
import { parseJson, readText } from './file.ts'
import { savedFacts } from './saved.ts'
import { accountFromTemplate } from './template.ts'

export interface OfflineInput {
  /** A file from `aws iam get-account-authorization-details` or `--save`. */
  readonly input?: string | undefined
  readonly template?: string | undefined
  readonly credentialReport?: string | undefined
  /** A file for each level: the root, the organizational units, and the account. */
  readonly scps?: readonly string[] | undefined
  readonly stdin: () => Promise<string>
  readonly now: number
}

/**
 * Reads the policies of a file: a document, or a list of documents.
 * @throws Problem `audit-input-invalid`
 */
export async function readPolicies(path: string, stdin: () => Promise<string>, resourceBased = false): Promise<Policy[]> {
  const value = parseJson(await readText(path, stdin), path)
  const documents = Array.isArray(value) ? value : [value]
  return documents.map((document, at) => {
    const name = documents.length === 1 ? path : `${path}, policy ${at + 1}`
    return strictPolicy({ name, document: recordOf(document).Content ?? document, resourceBased })
  })
}

/** Reads an account from files. @throws Problem `audit-input-invalid` */
export async function readOffline({ input, template, credentialReport, scps = [], stdin, now }: OfflineInput): Promise<Account> {
  const account = await readAccount({ input, template, stdin, now })
  const levels: Policy[][] = []
  for (const path of scps) levels.push(await readPolicies(path, stdin))
  let { facts } = account
  if (credentialReport !== undefined) {
    const credentials = readCredentialReport(await readText(credentialReport, stdin), credentialReport)
    facts = { ...facts, credentials }
  }
  const id = account.id || (facts.credentials?.[0]?.arn.split(':')[4] ?? '')
  return { ...account, id, facts, scps: levels }
}

async function readAccount({ input, template, stdin, now }: OfflineInput): Promise<Account> {
  if (template !== undefined) return accountFromTemplate(await readText(template, stdin), template, now)
  if (input === undefined) {
    // A credential report can be audited on its own.
    return accountFrom(
      { UserDetailList: [], GroupDetailList: [], RoleDetailList: [], Policies: [] },
      { source: 'template', readAt: now },
    )
  }
  const value = parseJson(await readText(input, stdin), input)
  const account = accountFrom(checkedDetails(value, input), { source: 'account', readAt: now })
  const { missing = [], ...facts } = savedFacts(value, input)
  return { ...account, facts: { ...account.facts, ...facts }, missing: [...account.missing, ...missing] }
}
