import { callAws, jsonCall } from '../../../aws/index.ts'
import { Problem } from '../../../domain/problem.ts'
import { recordOf } from '../../../domain/record.ts'
import type { StackClients } from '../clients.ts'

const timeoutMs = 15_000

/** Parts of `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME`. */
interface Repository {
  readonly registry: string
  readonly account: string
  readonly region: string
  readonly name: string
}

/** @throws Problem `stack-refused` if the output of the data stack is not a repository of ECR */
export function repositoryOf(uri: string): Repository {
  const [, registry, account, region, name] =
    /^((\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?)\/([a-z0-9._/-]+)$/.exec(uri) ?? []
  if (registry === undefined || account === undefined || region === undefined || name === undefined) {
    throw new Problem('stack-refused', `RepositoryUri of data is ${uri}, which is not a repository of ECR.`, {
      next: 'set deploy.image of the stage in apigw.yaml to an image by digest',
    })
  }
  return { registry, account, region, name }
}

async function ecr(clients: StackClients, region: string, action: string, body: object) {
  const credentials = await clients.cloudFormation.config.credentials()
  return jsonCall(credentials, {
    service: 'ecr',
    region,
    endpoint: `https://api.ecr.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`,
    target: `AmazonEC2ContainerRegistry_V20150921.${action}`,
    body,
    signal: AbortSignal.timeout(timeoutMs),
  })
}

/** What names an image: its tag, or its digest. */
type ImageId = { readonly imageTag: string } | { readonly imageDigest: string }

/**
 * The digest of an image in a repository; undefined if there is none.
 * @throws Problem `aws-…`
 */
export async function findImage(clients: StackClients, uri: string, id: ImageId): Promise<string | undefined> {
  const { account, region, name } = repositoryOf(uri)
  const body = { registryId: account, repositoryName: name, imageIds: [id] }
  return callAws(clients, 'ecr:DescribeImages', async () => {
    try {
      const { imageDetails } = await ecr(clients, region, 'DescribeImages', body)
      const [first]: readonly unknown[] = Array.isArray(imageDetails) ? imageDetails : []
      const { imageDigest } = recordOf(first)
      return typeof imageDigest === 'string' && /^sha256:[0-9a-f]{64}$/.test(imageDigest) ? imageDigest : undefined
    } catch (error) {
      if (error instanceof Error && /^(?:Image|Repository)NotFound/.test(error.name)) return undefined
      throw error
    }
  })
}

/**
 * The password of a registry, for twelve hours
 * (https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html).
 * @throws Problem `aws-…`
 */
export async function registryPassword(clients: StackClients, uri: string): Promise<string> {
  const { region } = repositoryOf(uri)
  return callAws(clients, 'ecr:GetAuthorizationToken', async () => {
    const { authorizationData } = await ecr(clients, region, 'GetAuthorizationToken', {})
    const [first]: readonly unknown[] = Array.isArray(authorizationData) ? authorizationData : []
    const token = Buffer.from(String(recordOf(first).authorizationToken ?? ''), 'base64').toString('utf8')
    const password = /^AWS:(.+)$/.exec(token)?.[1]
    if (password === undefined) throw new SyntaxError('ECR gave no password')
    return password
  })
}
