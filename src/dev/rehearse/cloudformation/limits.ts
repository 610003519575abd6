import { isMap, type JsonMap, scalarText } from '../../../operations/cloudformation/index.ts'
import { Refusal } from './refusal.ts'

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const most = {
  inlineBytes: 51_200,
  uploadedBytes: 1_048_576,
  descriptionBytes: 1_024,
  Parameters: 200,
  Resources: 500,
  Outputs: 200,
  Mappings: 200,
  nameCharacters: 255,
} as const

const counted = ['Parameters', 'Resources', 'Outputs', 'Mappings'] as const
const sections = new Set([
  'AWSTemplateFormatVersion',
  'Conditions',
  'Description',
  'Mappings',
  'Metadata',
  'Outputs',
  'Parameters',
  'Resources',
  'Rules',
  'Transform',
])

/** @param uploaded whether it was sent by `TemplateURL` @throws Refusal */
export function checkSize(body: string, uploaded: boolean): void {
  const bytes = Buffer.byteLength(body)
  if (!uploaded && bytes > most.inlineBytes) {
    throw new Refusal(
      `1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to ${most.inlineBytes}`,
    )
  }
  if (bytes > most.uploadedBytes) {
    throw new Refusal(`Template may not exceed ${most.uploadedBytes} bytes in size.`)
  }
}

/**
 * Checks the sections of a template: their names, the names in them, and how many of each there are
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html).
 * @throws Refusal
 */
export function checkSections(template: JsonMap): void {
  const unknown = Object.keys(template).filter((name) => !sections.has(name))
  if (unknown.length > 0) throw new Refusal(`Invalid template property or properties [${unknown.join(', ')}]`)
  if (Buffer.byteLength(scalarText(template.Description) ?? '') > most.descriptionBytes) {
    throw new Refusal(`Template format error: 'Description' length is greater than ${most.descriptionBytes}.`)
  }
  for (const section of counted) {
    const of = template[section]
    const names = isMap(of) ? Object.keys(of) : []
    if (names.length > most[section]) {
      throw new Refusal(
        `Template format error: Number of ${section.toLowerCase()}, ${names.length}, is greater than maximum allowed, ${most[section]}`,
      )
    }
    const invalid = names.find((name) => !/^[a-zA-Z0-9]+$/.test(name) || name.length > most.nameCharacters)
    if (invalid !== undefined && section !== 'Mappings') {
      throw new Refusal(`Template format error: ${section} name ${invalid} is non alphanumeric.`)
    }
  }
  const resources = isMap(template.Resources) ? template.Resources : {}
  if (Object.keys(resources).length === 0) {
    throw new Refusal('Template format error: At least one Resources member must be defined.')
  }
}

/** IAM types whose creation needs a capability (CreateChangeSet, "Capabilities"). */
const identities = new Set([
  'AWS::IAM::AccessKey',
  'AWS::IAM::Group',
  'AWS::IAM::InstanceProfile',
  'AWS::IAM::ManagedPolicy',
  'AWS::IAM::Policy',
  'AWS::IAM::Role',
  'AWS::IAM::User',
  'AWS::IAM::UserToGroupAddition',
])
const nameProperties = ['GroupName', 'InstanceProfileName', 'ManagedPolicyName', 'RoleName', 'UserName']

/** @throws Refusal `InsufficientCapabilitiesException` */
export function checkCapabilities(template: JsonMap, given: readonly string[]): void {
  const resources = Object.values(isMap(template.Resources) ? template.Resources : {}).filter(isMap)
  const ofIam = resources.filter(({ Type }) => identities.has(scalarText(Type) ?? ''))
  const named = ofIam.some(({ Properties }) => isMap(Properties) && nameProperties.some((name) => Properties[name] !== undefined))
  const needed = named ? 'CAPABILITY_NAMED_IAM' : 'CAPABILITY_IAM'
  const enough = given.includes('CAPABILITY_NAMED_IAM') || (!named && given.includes('CAPABILITY_IAM'))
  if (ofIam.length === 0 || enough) return
  throw new Refusal(`Requires capabilities : [${needed}]`, 'InsufficientCapabilitiesException')
}
