import type { NextStep } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import type { StackClients } from './clients.ts'

/** The AWS CLI's way to see what a stack goes through, for what has no command of its own. */
function awsLook({ region }: StackClients, name: string): string {
  return `aws cloudformation describe-stack-events --region ${region} --stack-name ${name}`
}

/** Ctrl-C while nothing had happened yet. */
export function interruptedBefore(stack: string): Problem {
  return new Problem('interrupted', `Interrupted before anything of ${stack} was changed.`)
}

/** Ctrl-C while AWS works. */
export function leftAlone(clients: StackClients, stackId: string, look: NextStep | undefined): Problem {
  const name = stackId.split('/')[1] ?? stackId
  return new Problem('interrupted', `Stopped watching ${name}; AWS goes on changing it.`, {
    next: look ?? awsLook(clients, name),
  })
}
