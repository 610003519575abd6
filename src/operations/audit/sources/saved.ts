import * as z from 'zod'
import { checkedDocument } from '../../../domain/document.ts'
import { apigw } from '../../../domain/next-step.ts'
import { recordOf } from '../../../domain/record.ts'
import { type Facts, workloadKinds } from '../account/account.ts'
import type { Details } from '../account/details.ts'

/** The data that `--save` adds to get-account-authorization-details, so that a single file contains the whole account. */
const factsShape = z.object({
  credentials: z
    .array(
      z.object({
        user: z.string(),
        arn: z.string(),
        created: z.number().optional(),
        password: z.boolean().optional(),
        passwordUsed: z.number().optional(),
        passwordChanged: z.number().optional(),
        mfa: z.boolean(),
        keys: z.array(
          z.object({ slot: z.literal([1, 2]), active: z.boolean(), rotated: z.number().optional(), used: z.number().optional() }),
        ),
        certificates: z.number(),
      }),
    )
    .optional(),
  credentialsAt: z.number().optional(),
  passwordPolicy: z
    .object({
      minimumLength: z.number(),
      symbols: z.boolean(),
      numbers: z.boolean(),
      uppercase: z.boolean(),
      lowercase: z.boolean(),
      reusePrevention: z.number(),
      maxAgeDays: z.number(),
    })
    .nullable()
    .optional(),
  summary: z.record(z.string(), z.number()).optional(),
  certificates: z.array(z.object({ name: z.string(), arn: z.string(), expires: z.number() })).optional(),
  providers: z.array(z.object({ arn: z.string(), kind: z.enum(['oidc', 'saml']) })).optional(),
  workloads: z.array(z.object({ arn: z.string(), kind: z.enum(workloadKinds), role: z.string().optional() })).optional(),
  workloadKinds: z.array(z.enum(workloadKinds)).optional(),
  regions: z.object({ read: z.array(z.string()), notEnabled: z.array(z.string()), leftOut: z.array(z.string()) }).optional(),
  sshKeys: z.array(z.object({ user: z.string(), id: z.string() })).optional(),
  missing: z.array(z.string()).optional(),
})

const key = 'Apigw'

/** Reads the data that `--save` added to a file. Empty for a file from the AWS CLI. @throws Problem `audit-input-invalid` */
export function savedFacts(value: unknown, where: string): Partial<Facts> & { missing?: readonly string[] | undefined } {
  const own: unknown = recordOf(value)[key]
  if (own === undefined) return {}
  const { summary, credentials, ...rest } = checkedDocument(z.object({ [key]: factsShape }), value, {
    name: where,
    code: 'audit-input-invalid',
    next: apigw('audit iam', '--save', 'account.json'),
  })[key]
  return {
    ...rest,
    summary: summary && new Map(Object.entries(summary)),
    credentials: credentials?.map((row) => ({ ...blank, ...row, keys: row.keys.map((one) => ({ ...blankKey, ...one })) })),
  }
}

const blank = { created: undefined, password: undefined, passwordUsed: undefined, passwordChanged: undefined }
const blankKey = { rotated: undefined, used: undefined }

/** The file contents for `--save`. */
export function savedText(details: Details, facts: Facts, missing: readonly string[]): string {
  const { summary, ...rest } = facts
  const own = { ...rest, ...(summary !== undefined && { summary: Object.fromEntries(summary) }), missing }
  return `${JSON.stringify({ ...details, [key]: own }, null, 1)}\n`
}
