import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { readStdin } from '../../cli/prompts.ts'
import { explainRequest, readLive, readOffline, readPolicies } from '../../operations/audit/index.ts'
import { explanationText } from '../../presenters/audit-explanation.ts'

const file = (env: string, summary: string) => Flags.string({ env, helpValue: 'FILE', summary })
const files = (env: string, summary: string) => Flags.string({ env, helpValue: 'FILE', multiple: true, summary })

export default class AuditExplain extends BaseCommand {
  static override summary = 'explain why a principal may or may not use an action on a resource'
  static override description =
    'Shows the statements that decide, at each kind of policy: of the principal, its groups, its permissions boundary, service and resource control policies, the session and the resource. The verdict is allowed, denied or depends: then a condition key decides that is not known. For sts:AssumeRole the trust policy of the role is the policy of the resource.'
  static override examples = [
    '<%= config.bin %> audit explain user/bob s3:GetObject arn:aws:s3:::acme-reports/2026.csv',
    '<%= config.bin %> audit explain role/ci iam:PassRole arn:aws:iam::123456789012:role/admin --input account.json --context iam:PassedToService=lambda.amazonaws.com',
    '<%= config.bin %> audit explain role/ci kms:Decrypt arn:aws:kms:us-east-1:123456789012:key/1 --resource-policy key.json --json',
  ]
  static override args = {
    principal: Args.string({
      ignoreStdin: true,
      required: true,
      description: 'ARN, user/NAME, role/NAME, or a name that only one principal has',
    }),
    action: Args.string({ ignoreStdin: true, required: true, description: 'an action, such as s3:GetObject' }),
    resource: Args.string({
      ignoreStdin: true,
      required: true,
      description: 'ARN of the resource, or * for an action without one',
    }),
  }
  static override flags = {
    input: file('APIGW_INPUT', 'output of aws iam get-account-authorization-details or apigw audit iam --save; - for stdin'),
    template: Flags.string({
      env: 'APIGW_TEMPLATE',
      helpValue: 'FILE',
      exclusive: ['input'],
      summary: 'the IAM resources of a CloudFormation template instead of an account',
    }),
    context: Flags.string({
      env: 'APIGW_CONTEXT',
      helpValue: 'KEY=VALUE',
      multiple: true,
      summary: 'what is known of the request: a condition key with its value, or KEY for one that is not in it; repeat',
    }),
    scp: files('APIGW_SCP', 'service control policies of one level, as a document or a list; repeat for each level'),
    rcp: files('APIGW_RCP', 'resource control policies, as a document or a list; repeat'),
    'session-policy': files('APIGW_SESSION_POLICY', 'session policy that the credentials were issued with; repeat'),
    'resource-policy': file('APIGW_RESOURCE_POLICY', 'policy of the resource, such as of a bucket or a key'),
    profile: shared.profile,
  }

  async run() {
    const { args, flags } = await this.parse(AuditExplain)
    const now = Date.now()
    const { input, template, scp: scps, profile } = flags
    const offline = input !== undefined || template !== undefined
    // Policies decide, so what runs with which role need not be read.
    const policiesAlone = { resources: false, regions: [] }
    const account = offline
      ? await readOffline({ input, template, scps, stdin: readStdin, now })
      : {
          ...(await readLive({ region: this.settings(flags).region, profile }, policiesAlone, (line) => this.note(line), now))
            .account,
          scps: (await readOffline({ scps, stdin: readStdin, now })).scps,
        }
    const read = async (paths: readonly string[], resourceBased = false) =>
      (await Promise.all(paths.map((path) => readPolicies(path, readStdin, resourceBased)))).flat()
    const [rcps, session, resource] = await Promise.all([
      read(flags.rcp ?? [], true),
      read(flags['session-policy'] ?? []),
      read(flags['resource-policy'] === undefined ? [] : [flags['resource-policy']], true),
    ])
    const explanation = await explainRequest(
      account,
      { ...args, context: flags.context ?? [] },
      { rcps, session: session.length === 0 ? undefined : session, resource: resource[0] },
    )
    for (const what of account.missing) this.note(`Not read: ${what}`)
    this.log(explanationText(explanation))
    return explanation
  }
}
