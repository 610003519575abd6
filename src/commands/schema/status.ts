import { BaseCommand } from '../../cli/base.ts'
import { carriersOf, databaseFlags, databasePlace } from '../../cli/database.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { schemaStatus } from '../../operations/schema/index.ts'
import { checkLine } from '../../presenters/checks.ts'

export default class SchemaStatus extends BaseCommand {
  static override summary = 'show missing migrations, and carrier tables that reject rows'
  static override description = [
    'Checks each carrier table for columns that are missing, too narrow, or required but not filled. Exits with 1 if a table',
    'accepts no rows, because the worker then does not read its queue; missing migrations alone exit with 0. To be sure, inserts',
    'a trial row into such a table and rolls it back. Writes nothing else.',
  ].join(' ')
  static override examples = [
    '<%= config.bin %> schema status --database mariadb://apigw@db.example.com/messages',
    '<%= config.bin %> schema status --carriers carriers.yaml --json',
  ]
  static override flags = databaseFlags

  async run() {
    const { flags } = await this.parse(SchemaStatus)
    const stored = await schemaStatus(databasePlace(flags.database, this.argv), carriersOf(flags.carriers))
    const carriers = stored.carriers.map(({ faults, ...carrier }) => ({
      ...carrier,
      faults: faults.map((fault) => ({ ...fault, fix: this.nextText(fault.fix) })),
    }))
    const state = { ...stored, carriers }
    for (const { version, name } of state.pending) this.log(`${version}  ${name}`)
    for (const { queue, faults } of state.carriers) {
      for (const { detail, fix, keepsOut } of faults) {
        this.log(checkLine({ name: queue, state: keepsOut === 'all' ? 'fail' : 'warn', detail, fix }))
      }
    }
    const unserved = state.carriers.filter(({ served }) => !served).map(({ queue }) => queue)
    if (unserved.length > 0) {
      process.exitCode = 1
      this.note(`The worker does not read ${unserved.join(', ')} until you fix this. Messages stay in the queue.`)
    }
    const missing = state.pending.length > 0
    if (missing) this.note(step`These migrations are missing. Next: ${apigw('schema apply')}`)
    else if (state.carriers.every(({ faults }) => faults.length === 0)) this.note('The schema is up to date.')
    return state
  }
}
