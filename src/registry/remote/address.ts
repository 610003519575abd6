import { Problem } from '../../domain/problem.ts'

/** The function that serves the registry. */
export interface FunctionAddress {
  readonly name: string
  /** Absent: the region from the environment or the AWS profile. */
  readonly region: string | undefined
}

const pattern = /^lambda:([A-Za-z0-9_-]{1,64})(?:@([a-z]{2}(?:-[a-z]+)+-\d))?$/

/** Reads `lambda:FUNCTION[@REGION]`. @throws Problem `config-invalid` */
export function functionAddress(address: string): FunctionAddress {
  const [, name, region] = pattern.exec(address) ?? []
  if (name !== undefined) return { name, region }
  throw new Problem('config-invalid', `"${address}" is not the address of a function.`, {
    next: 'use lambda:FUNCTION or lambda:FUNCTION@REGION, as in lambda:apigw-prod-admin@ap-northeast-2',
  })
}
