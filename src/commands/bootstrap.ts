import { BaseCommand, shared } from '../cli/base.ts'
import { stageOf } from '../cli/stage.ts'
import { apigw, step } from '../domain/next-step.ts'
import { artifactBucket, defaultBucket, stackClients } from '../operations/stacks/index.ts'

export default class Bootstrap extends BaseCommand {
  static override summary = 'create the bucket for code and templates'
  static override description =
    'Run it once per account and region. The bucket is private, encrypted and accepts only TLS. apigw deploy also creates it if it is missing.'
  static override examples = ['<%= config.bin %> bootstrap --stage prod']
  static override flags = { 'dry-run': shared.dryRun, profile: shared.profile }

  async run() {
    const { flags } = await this.parse(Bootstrap)
    const { region, settings } = stageOf(this.settings(flags))
    const clients = await stackClients({ region, profile: flags.profile })
    try {
      const dryRun = flags['dry-run']
      const bucket = dryRun
        ? (settings.artifactBucket ?? (await defaultBucket(clients)))
        : await artifactBucket(clients, settings.artifactBucket)
      this.log(`${bucket} in ${clients.region}`)
      if (dryRun) this.note('Dry run: nothing was changed.')
      else this.note(step`Next: ${apigw('deploy')}`)
      return { bucket, region: clients.region, dryRun }
    } finally {
      clients.close()
    }
  }
}
