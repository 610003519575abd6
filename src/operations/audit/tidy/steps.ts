import * as z from 'zod'

const name = z.string().min(1).max(128)
const arn = z.string().regex(/^arn:[a-z-]+:iam::/, 'is not an ARN of IAM')
const common = { finding: z.string().optional(), why: z.string().optional() }

/** One change. Each can be taken back with what the record of its run holds, but for a password. */
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

/** What a step does, in words. */
export function stepText(step: PlanStep): string {
  switch (step.do) {
    case 'deactivate-key':
      return `deactivate the access key of ${step.user} that was made on ${step.created.slice(0, 10)}`
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
      return 'set the password policy: 14 characters of all kinds, 24 old ones remembered'
    case 'require-mfa':
      return `let ${step.user} do nothing without MFA but register it`
    case 'tighten-trust':
      return `replace whom the role ${step.role} trusts`
  }
}

/** The principal, by kind and name, that a step takes something from. */
export function touched(step: PlanStep): { readonly kind: 'user' | 'role' | 'group'; readonly name: string } | undefined {
  if ('user' in step) return { kind: 'user', name: step.user }
  if ('role' in step) return { kind: 'role', name: step.role }
  if ('group' in step) return { kind: 'group', name: step.group }
  return step.do === 'detach-policy' ? { kind: step.from, name: step.name } : undefined
}
