import * as z from 'zod'
import { recordOf } from '../../domain/record.ts'
import { AwsClient, readSecret } from '../ports/index.ts'
import { customResource, type Resource, textOf } from './custom-resource.ts'
import { ensureUser, type UserRequest } from './database-user.ts'

/** Connecting, a few statements, and the start of a function that was idle. */
const invokeMs = 35_000

const userRequest = z.object({
  engine: z.enum(['mariadb', 'postgres']),
  host: z.string(),
  port: z.int(),
  database: z.string(),
  user: z.string(),
  password: z.string().optional(),
  master: z.object({ user: z.string(), password: z.string() }),
  tls: z.literal(true),
})

/**
 * What runs inside the network: it makes the user, and needs a way to the database alone. A network may have no way to Secrets Manager,
 * and CloudFormation resolves no secret for a custom resource
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html), so it gets what it needs from `handler`.
 */
export async function inNetwork(event: unknown): Promise<object> {
  await ensureUser(userRequest.parse(event))
  return {}
}

/** Invokes the function inside the network. Lambda keeps no event of a synchronous call. @throws Error with what the function said */
async function invoke(name: string, request: UserRequest, region: string | undefined): Promise<void> {
  const path = `/2015-03-31/functions/${encodeURIComponent(name)}/invocations`
  const content = { headers: { 'x-amz-invocation-type': 'RequestResponse' }, body: JSON.stringify(request) }
  const answer = await new AwsClient('lambda', { region }).request('POST', path, content, { tryMs: invokeMs, tries: 1 })
  const text = await answer.text()
  if (answer.headers.get('x-amz-function-error') === null) return
  throw new Error(String(recordOf(JSON.parse(text)).errorMessage ?? 'the function in the network failed'))
}

const databaseUser: Resource = {
  id: 'database-user',
  async ensure(properties) {
    const region = process.env.AWS_REGION
    const secret = properties.Login === 'iam' ? undefined : textOf(properties, 'UserSecretArn')
    const [master, password] = await Promise.all([
      readSecret(textOf(properties, 'MasterSecretArn'), { region }),
      secret === undefined ? undefined : readSecret(secret, { region }),
    ])
    // What RDS keeps of its master user (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html).
    const { username, password: masterPassword } = recordOf(JSON.parse(master))
    const request: UserRequest = {
      engine: textOf(properties, 'Engine') === 'mariadb' ? 'mariadb' : 'postgres',
      host: textOf(properties, 'Host'),
      port: Number(textOf(properties, 'Port')),
      database: textOf(properties, 'Database'),
      user: textOf(properties, 'User'),
      ...(password !== undefined && { password }),
      master: { user: String(username), password: String(masterPassword) },
      tls: true,
    }
    await invoke(textOf(properties, 'Inside'), request, region)
    return {}
  },
  // The user goes with the database.
  remove: async () => undefined,
}

/** `Custom::DatabaseUser` of templates/stacks/data.yaml. */
export const handler = customResource(databaseUser)
