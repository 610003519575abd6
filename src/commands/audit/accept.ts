import { readFile, rename, writeFile } from 'node:fs/promises'
import { Args, Flags } from '@oclif/core'
import { currentActor } from '../../cli/actor.ts'
import { BaseCommand, shared } from '../../cli/base.ts'
import { readStdin } from '../../cli/prompts.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { quantity } from '../../domain/quantity.ts'
import { defaultAcceptedDays, earlierFindings, maxAcceptedDays, readText, withAccepted } from '../../operations/audit/index.ts'

const dayMs = 86_400_000

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

export default class AuditAccept extends BaseCommand {
  static override summary = 'accept findings of an audit for a time, in a baseline file'
  static override description =
    `Writes an entry for each finding, with its severity and path as they are: a finding that becomes more severe, or gets another path, counts again. An acceptance lasts ${defaultAcceptedDays} days unless --expires says otherwise, and ${maxAcceptedDays} at most. An entry for the same finding is replaced.`
  static override strict = false
  static override examples = [
    '<%= config.bin %> audit accept admin-held-0a1b2c3d4e5f --findings findings.json --baseline accepted.yaml --reason "break glass"',
  ]
  static override args = {
    id: Args.string({ required: true, ignoreStdin: true, description: 'id of a finding; more may follow' }),
  }
  static override flags = {
    findings: Flags.string({
      required: true,
      env: 'APIGW_FINDINGS',
      helpValue: 'FILE',
      summary: 'output of apigw audit iam --json; - for stdin',
    }),
    baseline: Flags.string({ required: true, env: 'APIGW_BASELINE', helpValue: 'FILE', summary: 'the baseline file' }),
    reason: Flags.string({ required: true, env: 'APIGW_REASON', helpValue: 'TEXT', summary: 'why the finding is accepted' }),
    owner: Flags.string({ env: 'APIGW_OWNER', helpValue: 'NAME', summary: 'who accepts it; you, unless given' }),
    expires: Flags.string({
      env: 'APIGW_EXPIRES',
      helpValue: 'DATE',
      summary: `the last day, such as 2027-03-31; ${defaultAcceptedDays} days from now unless given`,
    }),
    'dry-run': shared.dryRun,
  }

  async run() {
    const { argv, flags } = await this.parse(AuditAccept)
    const now = Date.now()
    const acceptance = {
      ids: argv.map(String),
      owner: flags.owner ?? currentActor(process.env).who,
      reason: flags.reason,
      expires: flags.expires ?? new Date(now + defaultAcceptedDays * dayMs).toISOString().slice(0, 10),
    }
    const findings = earlierFindings(await readText(flags.findings, readStdin), flags.findings)
    const text = withAccepted(await textOf(flags.baseline), flags.baseline, findings, acceptance, now)
    if (!flags['dry-run']) {
      // A process that ends in between leaves the file as it was.
      const partial = `${flags.baseline}.${process.pid}.partial`
      await writeFile(partial, text)
      await rename(partial, flags.baseline)
    }
    this.log(
      `${flags['dry-run'] ? 'Would accept' : 'Accepted'} ${quantity(acceptance.ids.length, 'finding')} until ${acceptance.expires}.`,
    )
    this.note(step`Next: ${apigw('audit iam', '--baseline', flags.baseline)}`)
    return { ...acceptance, baseline: flags.baseline, dryRun: flags['dry-run'] }
  }
}
