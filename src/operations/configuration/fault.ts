import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'

/** What is wrong in a file, and where. */
export interface Fault {
  readonly file: string
  /** Counted from 1; absent where it concerns the whole file. */
  readonly line?: number
  readonly column?: number
  /** Such as `customers.acme.quotas.live.day`; empty: the whole file. */
  readonly field: string
  readonly message: string
}

/** `customers.yaml:12:7: customers.acme.quotas.live.dya: is not a known field`, as compilers write it, so that editors find it. */
export function faultText({ file, line, column, field, message }: Fault): string {
  const place = [file, ...(line === undefined ? [] : [line]), ...(column === undefined ? [] : [column])].join(':')
  return `${place}: ${field === '' ? '' : `${field}: `}${message}`
}

/** Files with faults, which nothing is done with. */
export function invalidFiles(faults: readonly Fault[], paths: readonly string[]): Problem {
  const [first] = faults
  const more = faults.length > 1 ? ` There are ${faults.length - 1} more.` : ''
  const text = first === undefined ? 'The files are not valid' : faultText(first)
  return new Problem('config-invalid', `${text.replace(/\.$/, '')}.${more}`, {
    next: apigw('customer validate', ...paths),
  })
}
