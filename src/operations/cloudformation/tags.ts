import { isCollection, type Tags } from 'yaml'

const functions = [
  'And',
  'Base64',
  'Cidr',
  'Equals',
  'FindInMap',
  'GetAZs',
  'If',
  'ImportValue',
  'Join',
  'Not',
  'Or',
  'Select',
  'Split',
  'Sub',
  'Transform',
]

function long(name: string, of: unknown): unknown {
  if (name === 'Ref' || name === 'Condition') return { [name]: of }
  if (name === 'GetAtt')
    return { 'Fn::GetAtt': typeof of === 'string' ? [of.split('.')[0], of.split('.').slice(1).join('.')] : of }
  return { [`Fn::${name}`]: of }
}

const kinds = ['', 'map', 'seq'] as const

/** The short forms of CloudFormation's functions, such as `!Sub`, as YAML tags that give the long form. */
export const functionTags: Tags = [...functions, 'Ref', 'Condition', 'GetAtt'].flatMap((name) =>
  kinds.map((kind) => ({
    tag: `!${name}`,
    ...(kind !== '' && { collection: kind }),
    resolve: (value: unknown) => long(name, isCollection(value) ? value.toJSON() : value),
  })),
)
