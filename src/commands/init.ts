import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Flags } from '@oclif/core'
import { BaseCommand, shared } from '../cli/base.ts'
import { configName } from '../cli/config.ts'
import { dataFolder } from '../cli/settings.ts'
import { Problem } from '../domain/problem.ts'

export default class Init extends BaseCommand {
  static override summary = 'write a starter apigw.yaml into this folder'
  static override description = `It also adds ${dataFolder}/ to .gitignore where there is one.`
  static override examples = ['<%= config.bin %> init']
  static override flags = {
    force: Flags.boolean({ env: 'APIGW_FORCE', summary: 'overwrite the apigw.yaml that is there' }),
    'dry-run': shared.dryRun,
  }

  async run() {
    const { flags } = await this.parse(Init)
    const path = join(process.cwd(), configName)
    const dryRun = flags['dry-run']
    if (existsSync(path) && !flags.force) {
      throw new Problem('config-exists', `There is an ${configName} in this folder already.`, {
        next: 'edit it, or apigw init --force',
      })
    }
    const written = [configName]
    if (!dryRun) writeFileSync(path, readFileSync(join(this.config.root, 'templates', configName)))
    const ignore = join(process.cwd(), '.gitignore')
    const ignored = existsSync(ignore) ? readFileSync(ignore, 'utf8') : undefined
    if (ignored !== undefined && !ignored.split(/\r?\n/).some((line) => line.startsWith(dataFolder))) {
      written.push('.gitignore')
      if (!dryRun) writeFileSync(ignore, `${ignored.replace(/\n?$/, '\n')}${dataFolder}/\n`)
    }
    this.log(`${dryRun ? 'Would write' : 'Wrote'} ${written.join(' and ')}.`)
    this.note('Next: apigw dev')
    return { written, dryRun }
  }
}
