import { BaseCommand } from '../../cli/base.ts'
import { carriersOf, databaseFlags, databasePlace } from '../../cli/database.ts'
import { schemaStatus } from '../../operations/schema/index.ts'
import { checkLine } from '../../presenters/checks.ts'

export default class SchemaStatus extends BaseCommand {
  static override summary = "show what the schema of the carriers' database lacks, and what its tables refuse"
  static override description = [
    'Looks at the columns of each carrier table: what is missing, too narrow, or has to be filled and is not. Exits with 1 if',
    'a table lets no row in, because the worker does not read its queue then. Missing steps alone exit with 0. Such a table',
    'gets a trial row that is rolled back; nothing else is written.',
  ].join(' ')
  static override examples = [
    '<%= config.bin %> schema status --database mariadb://apigw@db.example.com/messages',
    '<%= config.bin %> schema status --carriers carriers.yaml --json',
  ]
  static override flags = databaseFlags

  async run() {
    const { flags } = await this.parse(SchemaStatus)
    const state = await schemaStatus(databasePlace(flags.database, this.argv), carriersOf(flags.carriers))
    for (const { version, name } of state.pending) this.log(`${version}  ${name}`)
    for (const { queue, faults } of state.carriers) {
      for (const { detail, fix, keepsOut } of faults) {
        this.log(checkLine({ name: queue, state: keepsOut === 'all' ? 'fail' : 'warn', detail, fix }))
      }
    }
    const unserved = state.carriers.filter(({ served }) => !served).map(({ queue }) => queue)
    if (unserved.length > 0) {
      process.exitCode = 1
      this.note(`The worker does not read ${unserved.join(', ')} until that is fixed; the messages are kept.`)
    }
    const missing = state.pending.length > 0
    if (missing) this.note('Missing, as above. Next: apigw schema apply')
    else if (state.carriers.every(({ faults }) => faults.length === 0)) this.note('Nothing is missing.')
    return state
  }
}
