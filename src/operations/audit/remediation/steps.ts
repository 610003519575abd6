import * as z from 'zod'

const name = z.string().min(1).max(128)
const arn = z.string().regex(/^arn:[a-z-]+:iam::/, 'is not an IAM ARN')
const common = { finding: z.string().optional(), why: z.string().optional() }

/** A change. All changes except a deleted password can be undone from the record of the run. */
export const stepShape = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('deactivate-key'), user: name, created: z.iso.datetime({ offset: true }), ...common }),
  z.strictObject({ do: z.literal('delete-password'), user: name, ...common }),
  z.strictObject({ do: z.literal('detach-policy'), from: z.enum(['user', 'role']), name, policy: arn, ...common }),
  z.strictObject({ do: z.literal('delete-policy'), policy: arn, ...common }),
  z.strictObject({ do: z.literal('delete-group'), group: name, ...common }),
  z.strictObject({ do: z.literal('delete-role'), role: name, ...common }),
  z.strictObject({ do: z.literal('set-password-policy'), ...common }),
  z.strictObject({ do: z.literal('require-mfa'), user: name, ...common }),
  z.strictObject({ do: z.literal('tighten-trust'), role: name, trust: z.record(z.string(), z.unknown()), ...common }),
])

export type PlanStep = z.infer<typeof stepShape>

/** A description of the step. */
export function stepText(step: PlanStep): string {
  switch (step.do) {
    case 'deactivate-key':
      return `deactivate the access key of ${step.user} created on ${step.created.slice(0, 10)}`
    case 'delete-password':
      return `delete the password of ${step.user}`
    case 'detach-policy':
      return `detach ${step.policy} from the ${step.from} ${step.name}`
    case 'delete-policy':
      return `delete the policy ${step.policy}`
    case 'delete-group':
      return `delete the group ${step.group}`
    case 'delete-role':
      return `delete the role ${step.role}`
    case 'set-password-policy':
      return 'set the password policy: at least 14 characters, all character types, no reuse of the last 24 passwords'
    case 'require-mfa':
      return `require MFA for ${step.user}: without it, only MFA registration is allowed`
    case 'tighten-trust':
      return `replace the trust policy of the role ${step.role}`
  }
}

/** The principal or group that a step changes. */
export function affectedPrincipal(
  step: PlanStep,
): { readonly kind: 'user' | 'role' | 'group'; readonly name: string } | undefined {
  if ('user' in step) return { kind: 'user', name: step.user }
  if ('role' in step) return { kind: 'role', name: step.role }
  if ('group' in step) return { kind: 'group', name: step.group }
  return step.do === 'detach-policy' ? { kind: step.from, name: step.name } : undefined
}
