import type { NextStep } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import type { StackClients } from './clients.ts'

/** The AWS CLI command that shows a stack's events, for stacks without an apigw command. */
function awsLook({ region }: StackClients, name: string): string {
  return `aws cloudformation describe-stack-events --region ${region} --stack-name ${name}`
}

/** Ctrl-C before the first change. */
export function interruptedBefore(stack: string): Problem {
  return new Problem('interrupted', `Interrupted before ${stack} was changed.`)
}

/** Ctrl-C while an operation is in progress. */
export function leftAlone(clients: StackClients, stackId: string, look: NextStep | undefined): Problem {
  const name = stackId.split('/')[1] ?? stackId
  return new Problem('interrupted', `Stopped watching ${name}; AWS continues to change it.`, {
    next: look ?? awsLook(clients, name),
  })
}
