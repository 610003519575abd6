import { Args, Flags } from '@oclif/core'
import { writeBackupFile } from '../../cli/backup-file.ts'
import { BaseCommand } from '../../cli/base.ts'
import { openPlace } from '../../cli/copyable.ts'
import { registryAddress } from '../../cli/registry-address.ts'
import { type BackupSummary, backupLines } from '../../operations/registry/index.ts'
import { iso } from '../../presenters/output.ts'
import { countsText } from '../../presenters/registry.ts'

export default class RegistryBackup extends BaseCommand {
  static override summary = 'write everything that the registry keeps to a file'
  static override description =
    'Customers, keys as digests, what was spent, open calls and the audit log, compressed, with a digest that restore checks. Calls are taken meanwhile. Only you can read the file; keep it as you keep the registry.'
  static override examples = ['<%= config.bin %> registry backup registry.backup', '<%= config.bin %> registry backup --json']
  static override args = { file: Args.string({ description: 'file to write (default: apigw-registry-DATE.backup)' }) }
  static override flags = {
    from: Flags.string({ env: 'APIGW_FROM', helpValue: 'ADDRESS', summary: 'registry to read (default: that of --registry)' }),
  }

  async run() {
    const { args, flags } = await this.parse(RegistryBackup)
    const settings = this.settings(flags)
    const address = flags.from ?? (await registryAddress(settings))
    const source = await openPlace(address, settings, process.env.APIGW_FROM_PASSWORD)
    try {
      const file = args.file ?? `apigw-registry-${new Date(await source.now()).toISOString().slice(0, 10)}.backup`
      let summary: BackupSummary | undefined
      await writeBackupFile(
        file,
        (async function* lines() {
          summary = yield* backupLines(source)
        })(),
      )
      if (summary === undefined) throw new Error('the backup has no summary')
      this.log(countsText(summary.counts))
      this.note(`Written to ${file}.`)
      return { file, ...summary, at: iso(summary.at) }
    } finally {
      await source.close()
    }
  }
}
