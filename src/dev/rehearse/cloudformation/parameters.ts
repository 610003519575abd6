import { isMap, type JsonMap, scalarText } from '../../../operations/cloudformation/index.ts'
import { Refusal } from './refusal.ts'

function textsOf(value: JsonMap[string] | undefined): string[] {
  return Array.isArray(value) ? value.flatMap((one) => scalarText(one) ?? []) : []
}

/** "Parameter value": https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const maxBytes = 4_096

/** Whether a list of parameter's values or one value: the constraints hold for each item of a list. */
function itemsOf(type: string, value: string): string[] {
  return type === 'CommaDelimitedList' || type.startsWith('List<') ? value.split(',').map((one) => one.trim()) : [value]
}

function faultOfNumber(name: string, value: string, { MinValue, MaxValue }: JsonMap): string | undefined {
  const number = Number(value)
  if (value.trim() === '' || Number.isNaN(number)) return `Parameter '${name}' must be a number.`
  if (MinValue !== undefined && number < Number(MinValue)) {
    return `Parameter '${name}' must be a number not less than ${scalarText(MinValue)}`
  }
  if (MaxValue !== undefined && number > Number(MaxValue)) {
    return `Parameter '${name}' must be a number not greater than ${scalarText(MaxValue)}`
  }
  return undefined
}

function faultOfText(name: string, value: string, { MinLength, MaxLength, AllowedPattern }: JsonMap): string | undefined {
  if (MinLength !== undefined && value.length < Number(MinLength)) {
    return `Parameter '${name}' must contain at least ${scalarText(MinLength)} characters`
  }
  if (MaxLength !== undefined && value.length > Number(MaxLength)) {
    return `Parameter '${name}' must contain at most ${scalarText(MaxLength)} characters`
  }
  const pattern = scalarText(AllowedPattern)
  if (pattern !== undefined && !new RegExp(`^(?:${pattern})$`).test(value)) {
    return `Parameter ${name} failed to satisfy constraint: Parameter ${name} must match pattern ${pattern}`
  }
  return undefined
}

function faultOf(name: string, value: string, declared: JsonMap): string | undefined {
  if (Buffer.byteLength(value) > maxBytes) return `Parameter '${name}' must not be longer than ${maxBytes} bytes`
  const type = scalarText(declared.Type) ?? ''
  const allowed = textsOf(declared.AllowedValues)
  for (const item of itemsOf(type, value)) {
    if (allowed.length > 0 && !allowed.includes(item)) return `Parameter '${name}' must be one of AllowedValues`
    const fault = /\bNumber\b/.test(type) ? faultOfNumber(name, item, declared) : faultOfText(name, item, declared)
    if (fault !== undefined) return fault
  }
  return undefined
}

/**
 * Checks what is sent for the parameters of a template
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html).
 * @returns the value of each parameter
 * @throws Refusal
 */
export function checkParameters(template: JsonMap, sent: Readonly<Record<string, string>>): Record<string, string> {
  const declared = Object.entries(isMap(template.Parameters) ? template.Parameters : {})
  const names = new Set(declared.map(([name]) => name))
  const unknown = Object.keys(sent).filter((name) => !names.has(name))
  if (unknown.length > 0) throw new Refusal(`Parameters: [${unknown.join(', ')}] do not exist in the template`)
  const values: Record<string, string> = {}
  const missing: string[] = []
  for (const [name, one] of declared) {
    const parameter = isMap(one) ? one : {}
    const value = sent[name] ?? scalarText(parameter.Default)
    if (value === undefined) {
      missing.push(name)
      continue
    }
    const fault = faultOf(name, value, parameter)
    if (fault !== undefined) throw new Refusal(fault)
    values[name] = value
  }
  if (missing.length > 0) throw new Refusal(`Parameters: [${missing.join(', ')}] must have values`)
  return values
}
