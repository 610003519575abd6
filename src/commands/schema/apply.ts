import { BaseCommand, shared } from '../../cli/base.ts'
import { carriersOf, databaseFlags, databasePlace } from '../../cli/database.ts'
import { quantity } from '../../domain/quantity.ts'
import { isManaged } from '../../domain/table-rules.ts'
import { applySchema, schemaState } from '../../operations/schema/index.ts'

export default class SchemaApply extends BaseCommand {
  static override summary = 'create or update the tables of the carrier database'
  static override description =
    "Applies each missing migration once, and creates tables for carriers without an existing table. Never changes a carrier's existing table. Workers do not start on an older schema."
  static override examples = [
    '<%= config.bin %> schema apply --database postgres://apigw@db.example.com/messages',
    '<%= config.bin %> schema apply --carriers carriers.yaml --dry-run',
  ]
  static override flags = { ...databaseFlags, 'dry-run': shared.dryRun }

  async run() {
    const { flags } = await this.parse(SchemaApply)
    const place = databasePlace(flags.database, this.argv)
    const carriers = carriersOf(flags.carriers)
    const state = flags['dry-run'] ? await schemaState(place) : await applySchema(place, carriers)
    for (const { version, name } of state.pending) this.log(`${version}  ${name}`)
    const made = carriers.filter(isManaged).map((carrier) => carrier.table)
    this.note(`Tables managed by apigw: ${made.join(', ')}.`)
    this.note(flags['dry-run'] ? 'Dry run: nothing was changed.' : `Applied ${quantity(state.pending.length, 'migration')}.`)
    return { database: state.database, applied: state.pending, tables: made, dryRun: flags['dry-run'] }
  }
}
