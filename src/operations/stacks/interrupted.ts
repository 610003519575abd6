import type { NextStep } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import type { StackClients } from './clients.ts'

/** The AWS CLI command that shows a stack's events, for stacks without an apigw command. */
function awsStatusCommand({ region }: StackClients, name: string): string {
  return `aws cloudformation describe-stack-events --region ${region} --stack-name ${name}`
}

/** Ctrl-C before the first change. */
export function interruptedBefore(stack: string): Problem {
  return new Problem('interrupted', `Interrupted before ${stack} was changed.`)
}

/** Ctrl-C while an operation is in progress. */
export function stoppedWatching(clients: StackClients, stackId: string, statusCommand: NextStep | undefined): Problem {
  const name = stackId.split('/')[1] ?? stackId
  return new Problem('interrupted', `Stopped watching ${name}; AWS continues to change it.`, {
    next: statusCommand ?? awsStatusCommand(clients, name),
  })
}
