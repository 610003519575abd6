import type { AwsPlace } from './place.ts'
import { awsProblem } from './problems.ts'

/**
 * Makes one AWS call and turns an error of the SDK into a problem that the operator can act on.
 * @param action as IAM names it, such as `cloudformation:CreateChangeSet`
 * @throws Problem `aws-…`
 */
export async function callAws<T>({ region, profile }: AwsPlace, action: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw awsProblem(error, { action, region, profile })
  }
}
