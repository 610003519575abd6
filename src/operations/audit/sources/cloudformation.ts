import { parseDocument, type Tags } from 'yaml'
import { Problem } from '../../../domain/problem.ts'

/** A value of a template with its intrinsic functions in their long form. */
export type Json = null | string | number | boolean | readonly Json[] | { readonly [name: string]: Json }

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

/** The short forms of CloudFormation's functions, such as `!Sub`, as YAML tags. */
const tags: Tags = [...functions, 'Ref', 'Condition', 'GetAtt'].flatMap((name) =>
  kinds.map((kind) => ({
    tag: `!${name}`,
    ...(kind !== '' && { collection: kind }),
    resolve: (value: unknown) => {
      const plain = typeof value === 'string' ? value : Object(value).toJSON()
      return long(name, plain)
    },
  })),
)

/** Reads a template of YAML or JSON. @throws Problem `audit-input-invalid` that names the line */
export function readTemplate(text: string, name: string): { readonly [name: string]: Json } {
  const document = parseDocument(text, { customTags: tags })
  const [error] = document.errors
  const next = 'aws cloudformation validate-template --template-body file://TEMPLATE'
  if (error !== undefined) {
    const [what = ''] = error.message.split(/ at line \d+|\n/)
    throw new Problem('audit-input-invalid', `${name}, line ${error.linePos?.[0].line ?? '?'}: ${what}.`, { next })
  }
  const value: unknown = document.toJS()
  if (typeof value !== 'object' || value === null || !('Resources' in value)) {
    throw new Problem('audit-input-invalid', `${name} is no CloudFormation template: it has no Resources.`, { next })
  }
  return JSON.parse(JSON.stringify(value))
}
