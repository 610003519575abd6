import { open } from 'node:fs/promises'
import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { readStdin } from '../../cli/prompts.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import {
  type Audit,
  atLeast,
  audit,
  csv,
  dot,
  earlierFindings,
  explainRequest,
  html,
  markdown,
  planOf,
  planText,
  readBaseline,
  readLive,
  readOffline,
  readPolicyFor,
  readText,
  sarif,
  savedText,
  severities,
  staleEntries,
  suppressed,
  tally,
} from '../../operations/audit/index.ts'
import { auditText } from '../../presenters/audit.ts'
import { explanationText } from '../../presenters/audit-explanation.ts'

const formats = ['text', 'sarif', 'csv', 'markdown', 'html', 'dot'] as const
const exitOnFindings = 3

/** Readable only by its owner, because it shows the weaknesses of an account. */
async function save(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    await file.writeFile(text)
  } finally {
    await file.close()
  }
}

/** The question of `--explain`. @throws Problem `audit-question` if one of its three parts is missing, or they are given without it */
function questionOf(
  { principal, action, resource }: { [name in 'principal' | 'action' | 'resource']?: string | undefined },
  explain: boolean,
) {
  const given = [principal, action, resource].filter((one) => one !== undefined).length
  const next = apigw('audit iam', '--explain', principal ?? 'PRINCIPAL', action ?? 'ACTION', resource ?? 'RESOURCE')
  if (!explain && given > 0) throw new Problem('audit-question', 'Arguments are only for --explain.', { next })
  if (!explain) return undefined
  if (principal !== undefined && action !== undefined && resource !== undefined)
    return { principal, action, resource, context: [] }
  throw new Problem('audit-question', '--explain needs a principal, an action and a resource.', { next })
}

export default class AuditIam extends BaseCommand {
  static override summary = 'find IAM risks and privilege escalation paths'
  static override description =
    'Reads the live account (--print-policy shows the rights that it needs) or files. Evaluates each user and role with all its policies, groups, permissions boundary, denials and conditions. Exits with 3 if a finding reaches the severity of --fail-on, and with 1 if part of the account could not be read.'
  static override examples = [
    '<%= config.bin %> audit iam',
    '<%= config.bin %> audit iam --input account.json --credential-report credentials.csv',
    '<%= config.bin %> audit iam --fail-on high --format sarif > iam.sarif',
    '<%= config.bin %> audit iam --template stack.yaml --fail-on low',
    '<%= config.bin %> audit iam --plan plan.yaml',
    '<%= config.bin %> audit iam --print-policy > audit-policy.json',
  ]
  static override args = {
    principal: Args.string({ ignoreStdin: true, description: 'with --explain: ARN, user/NAME or role/NAME' }),
    action: Args.string({ ignoreStdin: true, description: 'with --explain: an action, such as s3:GetObject' }),
    resource: Args.string({ ignoreStdin: true, description: 'with --explain: ARN of the resource, or *' }),
  }
  static override flags = {
    input: Flags.string({
      env: 'APIGW_INPUT',
      helpValue: 'FILE',
      summary: 'output of aws iam get-account-authorization-details or --save; - for stdin',
    }),
    'credential-report': Flags.string({
      env: 'APIGW_CREDENTIAL_REPORT',
      helpValue: 'FILE',
      summary: 'CSV from aws iam get-credential-report',
    }),
    scp: Flags.string({
      multiple: true,
      env: 'APIGW_SCP',
      helpValue: 'FILE',
      summary: 'service control policies of one level, as a document or a list; repeat for each level',
    }),
    template: Flags.string({
      env: 'APIGW_TEMPLATE',
      helpValue: 'FILE',
      exclusive: ['input', 'credential-report', 'save', 'plan'],
      summary: 'audit the IAM resources of a CloudFormation template instead of an account',
    }),
    save: Flags.string({
      env: 'APIGW_SAVE',
      helpValue: 'FILE',
      exclusive: ['input'],
      summary: 'save the account data, to audit it again offline',
    }),
    format: Flags.option({ options: formats, default: 'text', env: 'APIGW_FORMAT', summary: 'output format' })(),
    'fail-on': Flags.option({
      options: severities,
      env: 'APIGW_FAIL_ON',
      summary: 'exit with 3 if a finding has this severity or higher',
    })(),
    baseline: Flags.string({
      env: 'APIGW_BASELINE',
      helpValue: 'FILE',
      summary: 'accepted findings, each with owner, reason and expiry',
    }),
    since: Flags.string({
      env: 'APIGW_SINCE',
      helpValue: 'FILE',
      summary: 'show only findings that are not in an earlier run (its --json output)',
    }),
    plan: Flags.string({ env: 'APIGW_PLAN', helpValue: 'FILE', summary: 'write a cleanup plan for apigw iam apply' }),
    'live-resources': Flags.boolean({
      allowNo: true,
      default: true,
      env: 'APIGW_LIVE_RESOURCES',
      summary: 'read the functions, stacks, tasks, instances and others that use roles',
    }),
    'live-region': Flags.string({
      multiple: true,
      env: 'APIGW_LIVE_REGION',
      helpValue: 'REGION',
      summary: 'read them in these regions only; repeat for each. Default: every region that the account has enabled',
    }),
    'print-policy': Flags.boolean({
      env: 'APIGW_PRINT_POLICY',
      summary: 'print the IAM policy that a live run needs, and read nothing',
    }),
    explain: Flags.boolean({
      env: 'APIGW_EXPLAIN',
      summary: 'explain why PRINCIPAL may or may not use ACTION on RESOURCE, as apigw audit explain does',
    }),
    profile: shared.profile,
  }

  async run() {
    const { args, flags } = await this.parse(AuditIam)
    if (flags['print-policy']) return this.policy(flags['live-resources'])
    const question = questionOf(args, flags.explain)
    const now = Date.now()
    const account = await this.read(question === undefined ? flags : { ...flags, 'live-resources': false }, now)
    if (question !== undefined) {
      const explanation = await explainRequest(account, question, { rcps: [], session: undefined, resource: undefined })
      this.log(explanationText(explanation))
      return explanation
    }
    const whole = await audit(account, now)
    const found = await this.reduced(whole, flags, now)
    if (flags.plan !== undefined) {
      const plan = planOf(found, account)
      await save(flags.plan, planText(plan))
      this.note(
        step`Wrote ${`${plan.steps.length}`} steps to ${flags.plan}. Next: ${apigw('iam apply', flags.plan, '--dry-run')}`,
      )
    }
    for (const what of found.missing) this.note(`Not audited: ${what}`)
    const left = found.regions?.leftOut ?? []
    if (left.length > 0) this.note(`Not audited: resources in ${left.join(', ')}, which --live-region leaves out`)
    this.show(found, flags.format, flags.template ?? flags.input ?? 'iam')
    const limit = flags['fail-on']
    const failed =
      limit !== undefined && found.findings.some(({ severity, suppressed: by }) => by === null && atLeast(severity, limit))
    if (failed) process.exitCode = exitOnFindings
    // A file may lack data that AWS left out. A live run that was denied a read is incomplete, so it fails.
    else if (this.unread) process.exitCode = 1
    return found
  }

  private unread = false

  private policy(resources: boolean) {
    const policy = readPolicyFor(resources)
    if (!this.jsonEnabled()) process.stdout.write(`${JSON.stringify(policy, null, 2)}\n`)
    return policy
  }

  private async read(
    flags: {
      [name in 'input' | 'template' | 'credential-report' | 'save' | 'profile' | 'stage' | 'config']?: string | undefined
    } & {
      scp?: string[] | undefined
      'live-resources': boolean
      'live-region'?: string[] | undefined
    },
    now: number,
  ) {
    const { input, template, scp: scps, 'credential-report': credentialReport } = flags
    if (input !== undefined || template !== undefined || credentialReport !== undefined) {
      return readOffline({ input, template, credentialReport, scps, stdin: readStdin, now })
    }
    const region = this.settings(flags).region
    const options = { resources: flags['live-resources'], regions: flags['live-region'] ?? [] }
    const { account, details } = await readLive({ region, profile: flags.profile }, options, (line) => this.note(line), now)
    this.unread = account.missing.length > 0
    if (flags.save !== undefined) {
      await save(flags.save, savedText(details, account.facts, account.missing))
      this.note(`Saved the account data to ${flags.save}.`)
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
      const accepted = readBaseline(await readText(flags.baseline, readStdin), flags.baseline, now)
      for (const line of staleEntries(findings, accepted, now)) this.note(`${flags.baseline}: ${line}`)
      findings = suppressed(findings, accepted, now)
    }
    if (flags.since !== undefined) {
      const known = new Set(earlierFindings(await readText(flags.since, readStdin), flags.since).map(({ id }) => id))
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
      dot: () => dot(found),
    }
    process.stdout.write(texts[format]())
  }
}
