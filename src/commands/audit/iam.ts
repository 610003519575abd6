import { open } from 'node:fs/promises'
import { Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { readStdin } from '../../cli/prompts.ts'
import {
  type Audit,
  atLeast,
  audit,
  csv,
  earlierIds,
  html,
  markdown,
  planOf,
  planText,
  readBaseline,
  readLive,
  readOffline,
  readText,
  sarif,
  savedText,
  severities,
  staleEntries,
  suppressed,
  tally,
} from '../../operations/audit/index.ts'
import { auditText } from '../../presenters/audit.ts'

const formats = ['text', 'sarif', 'csv', 'markdown', 'html'] as const
const gateClosed = 3

/** Written whole or not at all, and readable by its owner alone: it says where an account is weak. */
async function save(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    await file.writeFile(text)
  } finally {
    await file.close()
  }
}

export default class AuditIam extends BaseCommand {
  static override summary = 'judge every user and role of an account: who can do what, and get all rights'
  static override description =
    'Reads the live account (with the rights of SecurityAudit), or files. Judges principals by all their policies, groups, boundary, denials and conditions together. Exit code 3 if a finding is as bad as --fail-on, 1 if a part could not be read.'
  static override examples = [
    '<%= config.bin %> audit iam',
    '<%= config.bin %> audit iam --input account.json --credential-report credentials.csv',
    '<%= config.bin %> audit iam --fail-on high --format sarif > iam.sarif',
    '<%= config.bin %> audit iam --template stack.yaml --fail-on low',
    '<%= config.bin %> audit iam --plan plan.yaml',
  ]
  static override flags = {
    input: Flags.string({
      env: 'APIGW_INPUT',
      helpValue: 'FILE',
      summary: 'what aws iam get-account-authorization-details, or --save, wrote; - for stdin',
    }),
    'credential-report': Flags.string({
      env: 'APIGW_CREDENTIAL_REPORT',
      helpValue: 'FILE',
      summary: 'the CSV of aws iam get-credential-report',
    }),
    scp: Flags.string({
      multiple: true,
      env: 'APIGW_SCP',
      helpValue: 'FILE',
      summary: 'service control policies of a level: a document or a list; once a level',
    }),
    template: Flags.string({
      env: 'APIGW_TEMPLATE',
      helpValue: 'FILE',
      exclusive: ['input', 'credential-report', 'save', 'plan'],
      summary: 'the IAM parts of a CloudFormation template instead of an account',
    }),
    save: Flags.string({
      env: 'APIGW_SAVE',
      helpValue: 'FILE',
      exclusive: ['input'],
      summary: 'write what was read, to audit it again offline',
    }),
    format: Flags.option({ options: formats, default: 'text', env: 'APIGW_FORMAT', summary: 'how to show what was found' })(),
    'fail-on': Flags.option({
      options: severities,
      env: 'APIGW_FAIL_ON',
      summary: 'exit with 3 if anything is as bad as this, or worse',
    })(),
    baseline: Flags.string({
      env: 'APIGW_BASELINE',
      helpValue: 'FILE',
      summary: 'findings that somebody accepted, with owner, reason and expiry',
    }),
    since: Flags.string({
      env: 'APIGW_SINCE',
      helpValue: 'FILE',
      summary: 'only what is new since an earlier run, given its --json',
    }),
    plan: Flags.string({ env: 'APIGW_PLAN', helpValue: 'FILE', summary: 'write what can be tidied, for apigw iam apply' }),
    profile: shared.profile,
  }

  async run() {
    const { flags } = await this.parse(AuditIam)
    const now = Date.now()
    const account = await this.read(flags, now)
    const whole = await audit(account, now)
    const found = await this.reduced(whole, flags, now)
    if (flags.plan !== undefined) {
      const plan = planOf(found, account)
      await save(flags.plan, planText(plan))
      this.note(`Wrote ${plan.steps.length} steps to ${flags.plan}. Next: apigw iam apply ${flags.plan} --dry-run`)
    }
    for (const what of found.missing) this.note(`Not judged: ${what}`)
    this.show(found, flags.format, flags.template ?? flags.input ?? 'iam')
    const limit = flags['fail-on']
    const failed =
      limit !== undefined && found.findings.some(({ severity, suppressed: by }) => by === null && atLeast(severity, limit))
    if (failed) process.exitCode = gateClosed
    // Files may leave out what AWS itself wrote; a live run that was refused something did not do what was asked.
    else if (this.unread) process.exitCode = 1
    return found
  }

  private unread = false

  private async read(
    flags: {
      [name in 'input' | 'template' | 'credential-report' | 'save' | 'profile' | 'stage' | 'config']?: string | undefined
    } & { scp?: string[] | undefined },
    now: number,
  ) {
    const { input, template, scp: scps, 'credential-report': credentialReport } = flags
    if (input !== undefined || template !== undefined || credentialReport !== undefined) {
      return readOffline({ input, template, credentialReport, scps, stdin: readStdin, now })
    }
    const region = this.settings(flags).region
    const { account, details } = await readLive({ region, profile: flags.profile }, (line) => this.note(line), now)
    this.unread = account.missing.length > 0
    if (flags.save !== undefined) {
      await save(flags.save, savedText(details, account.facts, account.missing))
      this.note(`Wrote what was read to ${flags.save}.`)
    }
    const offline = await readOffline({ scps, stdin: readStdin, now })
    return { ...account, scps: offline.scps }
  }

  private async reduced(
    whole: Audit,
    flags: { baseline?: string | undefined; since?: string | undefined },
    now: number,
  ): Promise<Audit> {
    let { findings } = whole
    if (flags.baseline !== undefined) {
      const accepted = readBaseline(await readText(flags.baseline, readStdin), flags.baseline)
      for (const line of staleEntries(findings, accepted, now)) this.note(`${flags.baseline}: ${line}`)
      findings = suppressed(findings, accepted, now)
    }
    if (flags.since !== undefined) {
      const known = earlierIds(await readText(flags.since, readStdin), flags.since)
      findings = findings.filter(({ id }) => !known.has(id))
    }
    return { ...whole, findings, summary: { ...whole.summary, ...tally(findings) } }
  }

  private show(found: Audit, format: (typeof formats)[number], uri: string): void {
    if (this.jsonEnabled()) return
    const texts = {
      text: () => `${auditText(found)}\n`,
      sarif: () => sarif(found, this.config.version, uri),
      csv: () => csv(found),
      markdown: () => markdown(found),
      html: () => html(found),
    }
    process.stdout.write(texts[format]())
  }
}
