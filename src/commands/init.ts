import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Flags } from '@oclif/core'
import { BaseCommand, shared } from '../cli/base.ts'
import { configName } from '../cli/config.ts'
import { dataFolder } from '../cli/settings.ts'
import { apigw, step } from '../domain/next-step.ts'
import { Problem } from '../domain/problem.ts'

export default class Init extends BaseCommand {
  static override summary = 'write a starter apigw.yaml to this folder'
  static override description = `Also adds ${dataFolder}/ to .gitignore, if that file exists.`
  static override examples = ['<%= config.bin %> init']
  static override flags = {
    force: Flags.boolean({ env: 'APIGW_FORCE', summary: 'overwrite an existing apigw.yaml' }),
    'dry-run': shared.dryRun,
  }

  async run() {
    const { flags } = await this.parse(Init)
    const path = join(process.cwd(), configName)
    const dryRun = flags['dry-run']
    if (existsSync(path) && !flags.force) {
      throw new Problem('config-exists', `This folder already has an ${configName}.`, {
        next: step`edit it, or overwrite it: ${apigw('init', '--force')}`,
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
    this.note(step`Next: ${apigw('dev')}`)
    return { written, dryRun }
  }
}
