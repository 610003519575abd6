import { callAws } from '../../aws/index.ts'
import type { StackKey } from '../../domain/stage.ts'
import type { StackClients } from './clients.ts'

/**
 * The stacks that are protected from deletion: `data` has customers and messages, and `edge` the name that customers call. The
 * others are created again from templates, or cannot be deleted while these two use them.
 */
const protectedKeys: ReadonlySet<StackKey> = new Set(['data', 'edge'])

/** Whether the stack is protected once it is deployed. */
export function isKept(key: StackKey): boolean {
  return protectedKeys.has(key)
}

/**
 * Turns termination protection of a stack on or off
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-protect-stacks.html).
 * @param stack its name or ARN
 * @throws Problem `aws-…`
 */
export async function protectStack(clients: StackClients, stack: string, isProtected: boolean): Promise<void> {
  const { UpdateTerminationProtectionCommand } = await import('@aws-sdk/client-cloudformation')
  const input = { StackName: stack, EnableTerminationProtection: isProtected }
  await callAws(clients, 'cloudformation:UpdateTerminationProtection', () =>
    clients.cloudFormation.send(new UpdateTerminationProtectionCommand(input)),
  )
}
