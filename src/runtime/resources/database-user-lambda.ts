import { recordOf } from '../../domain/record.ts'
import { readSecret } from '../ports/index.ts'
import { customResource, type Resource, textOf } from './custom-resource.ts'
import { ensureUser } from './database-user.ts'

const databaseUser: Resource = {
  id: 'database-user',
  async ensure(properties) {
    const region = process.env.AWS_REGION
    const [master, password] = await Promise.all([
      readSecret(textOf(properties, 'MasterSecretArn'), { region }),
      readSecret(textOf(properties, 'UserSecretArn'), { region }),
    ])
    // What RDS keeps of its master user (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html).
    const { username, password: masterPassword } = recordOf(JSON.parse(master))
    await ensureUser({
      engine: textOf(properties, 'Engine') === 'mariadb' ? 'mariadb' : 'postgres',
      host: textOf(properties, 'Host'),
      port: Number(textOf(properties, 'Port')),
      database: textOf(properties, 'Database'),
      user: textOf(properties, 'User'),
      password,
      master: { user: String(username), password: String(masterPassword) },
      tls: true,
    })
    return {}
  },
  // The user goes with the database.
  remove: async () => undefined,
}

/** `Custom::DatabaseUser` of templates/stacks/data.yaml. */
export const handler = customResource(databaseUser)
