import { awsProblem, clientOptions, type SigningCredentials } from '../../aws/index.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import type { FunctionAddress } from './address.ts'

/** The URL of a function, and the credentials to call it with. */
export interface FunctionEndpoint {
  readonly url: string
  readonly region: string
  credentials(): Promise<SigningCredentials>
}

/**
 * Looks up the URL of a function with the SDK's default credentials: environment variables, profile or single sign-on.
 * @throws Problem `function-unknown`; `caller-unknown` if the URL is public; `aws-…`
 */
export async function findFunction({ name, region: requestedRegion }: FunctionAddress): Promise<FunctionEndpoint> {
  const { GetFunctionUrlConfigCommand, LambdaClient } = await import('@aws-sdk/client-lambda')
  const client = new LambdaClient(clientOptions({ region: requestedRegion, profile: undefined }))
  const context = { action: 'lambda:GetFunctionUrlConfig', region: requestedRegion, profile: process.env.AWS_PROFILE }
  try {
    const { FunctionUrl = '', AuthType } = await client.send(new GetFunctionUrlConfigCommand({ FunctionName: name }))
    const region = await client.config.region()
    if (AuthType !== 'AWS_IAM') throw publicUrl(name)
    return { url: FunctionUrl, region, credentials: () => client.config.credentials() }
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') throw unknownFunction(name, requestedRegion, error)
    throw awsProblem(error, context)
  } finally {
    client.destroy()
  }
}

function unknownFunction(name: string, region: string | undefined, cause: Error): Problem {
  const where = region === undefined ? '' : ` in ${region}`
  return new Problem('function-unknown', `The function "${name}"${where} does not exist, or has no URL.`, {
    next: step`${apigw('deploy', 'admin')}, or correct the registry: lambda:FUNCTION@REGION`,
    cause,
  })
}

function publicUrl(name: string): Problem {
  return new Problem('caller-unknown', `The URL of ${name} is public (AuthType NONE), so it does not authenticate its callers.`, {
    next: step`${apigw('deploy', 'admin')}, which sets it to AWS_IAM`,
  })
}
