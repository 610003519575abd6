import { awsProblem, clientOptions, type SigningCredentials } from '../../aws/index.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import type { FunctionPlace } from './address.ts'

/** A function that can be asked. */
export interface Found {
  readonly url: string
  readonly region: string
  credentials(): Promise<SigningCredentials>
}

/**
 * Looks up a function's URL, as whoever the SDK finds here: variables, profile, single sign-on.
 * @throws Problem `function-unknown`, `caller-unknown` where the URL is open to everybody, `aws-…`
 */
export async function findFunction({ name, region: wanted }: FunctionPlace): Promise<Found> {
  const { GetFunctionUrlConfigCommand, LambdaClient } = await import('@aws-sdk/client-lambda')
  const client = new LambdaClient(clientOptions({ region: wanted, profile: undefined }))
  const asked = { action: 'lambda:GetFunctionUrlConfig', region: wanted, profile: process.env.AWS_PROFILE }
  try {
    const { FunctionUrl = '', AuthType } = await client.send(new GetFunctionUrlConfigCommand({ FunctionName: name }))
    const region = await client.config.region()
    if (AuthType !== 'AWS_IAM') throw openToAll(name)
    return { url: FunctionUrl, region, credentials: () => client.config.credentials() }
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') throw unknown(name, wanted, error)
    throw awsProblem(error, asked)
  } finally {
    client.destroy()
  }
}

function unknown(name: string, region: string | undefined, cause: Error): Problem {
  const where = region === undefined ? '' : ` in ${region}`
  return new Problem('function-unknown', `There is no function "${name}" with a URL${where}.`, {
    next: step`${apigw('deploy', 'admin')}, or correct the registry: lambda:FUNCTION@REGION`,
    cause,
  })
}

function openToAll(name: string): Problem {
  return new Problem('caller-unknown', `The URL of ${name} is open to everybody (AuthType NONE), and tells nobody apart.`, {
    next: step`${apigw('deploy', 'admin')}, which sets it to AWS_IAM`,
  })
}
