import { BaseCommand } from '../../cli/base.ts'
import { databaseFlags, databasePlace } from '../../cli/database.ts'
import { schemaState } from '../../schema/index.ts'

export default class SchemaStatus extends BaseCommand {
  static override summary = "show which steps of the schema the carriers' database lacks"
  static override examples = ['<%= config.bin %> schema status --database mariadb://apigw@db.example.com/messages']
  static override flags = { database: databaseFlags.database }

  async run() {
    const { flags } = await this.parse(SchemaStatus)
    const state = await schemaState(databasePlace(flags.database, this.argv))
    for (const { version, name } of state.pending) this.log(`${version}  ${name}`)
    this.note(state.pending.length === 0 ? 'Nothing is missing.' : 'Missing, as above. Next: apigw schema apply')
    return state
  }
}
