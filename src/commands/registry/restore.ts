import { Args, Flags } from '@oclif/core'
import { readBackupFile } from '../../cli/backup-file.ts'
import { BaseCommand, shared } from '../../cli/base.ts'
import { confirm } from '../../cli/confirm.ts'
import { openPlace } from '../../cli/copyable.ts'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { checkBackup, restoreRegistry } from '../../operations/registry/index.ts'
import { iso } from '../../presenters/output.ts'
import { countsText } from '../../presenters/registry.ts'

export default class RegistryRestore extends BaseCommand {
  static override summary = 'fill an empty registry from a backup'
  static override description =
    'Checks the whole file first. A registry that holds anything is refused. What happened after the backup is not in it: units that were spent since can be spent again, and keys that were revoked since are valid again. With --dry-run it only checks the file.'
  static override examples = [
    '<%= config.bin %> registry restore registry.backup --dry-run',
    '<%= config.bin %> registry restore registry.backup --to redis://10.0.1.5 --yes',
  ]
  static override args = { file: Args.string({ required: true, description: 'file that backup wrote' }) }
  static override flags = {
    to: Flags.string({ env: 'APIGW_TO', helpValue: 'ADDRESS', summary: 'empty registry' }),
    yes: shared.yes,
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(RegistryRestore)
    const { file } = args
    const open = () => readBackupFile(file)
    const checked = await checkBackup(file, open())
    const dryRun = flags['dry-run']
    this.log(countsText(checked.counts))
    const taken = iso(checked.at)
    if (dryRun) {
      this.note(`The backup of ${checked.from} is whole. It was written at ${taken}.`)
      return { file, ...checked, at: taken, to: null, dryRun }
    }
    if (flags.to === undefined) {
      throw new Problem('input-missing', '--to is missing.', { next: apigw('registry restore', file, '--to', 'ADDRESS') })
    }
    const target = await openPlace(flags.to, this.settings(flags), process.env.APIGW_TO_PASSWORD)
    try {
      const question = `What happened after ${taken} is not in the backup, revoked keys among it. Restore to ${target.address}?`
      await confirm(question, { yes: flags.yes ?? false, interactive: this.interactive })
      const summary = await restoreRegistry(file, open, target)
      this.note(`Restored to ${target.address}. Revoke again what was revoked after ${taken}.`)
      return { file, ...summary, at: taken, to: target.address, dryRun }
    } finally {
      await target.close()
    }
  }
}
