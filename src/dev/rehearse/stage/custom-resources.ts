import { randomUUID } from 'node:crypto'
import type { JsonMap } from '../../../operations/cloudformation/index.ts'
import { type Incoming, objectOf } from '../aws/identify.ts'
import { type Answer, type CustomAnswer, customAnswer } from '../aws/services.ts'
import type { Place, Resource } from '../template/resource.ts'
import type { Functions } from './functions.ts'

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-vpce-bucketnames.html */
function bucketName({ region }: Place): string {
  return `cloudformation-custom-resource-response-${region.replaceAll('-', '')}`
}

/** Runs custom resources as CloudFormation does: the function answers to an address in S3. */
export class CustomResources {
  readonly #place: Place
  readonly #waiting = new Map<string, (answer: CustomAnswer) => void>()
  readonly #data = new Map<string, JsonMap>()

  constructor(place: Place) {
    this.#place = place
  }

  /** Takes the answer of a function; undefined for any other request. */
  async receive(incoming: Incoming): Promise<Answer | undefined> {
    const { bucket, key } = objectOf(incoming)
    if (bucket !== bucketName(this.#place) || incoming.method !== 'PUT') return undefined
    this.#waiting.get(key)?.(customAnswer(incoming.body))
    return { status: 200, headers: {}, body: '' }
  }

  /** @throws Error with the reason that the function gave, or that it did not answer */
  async make(resource: Resource, functions: Functions): Promise<void> {
    const key = randomUUID()
    const answered = new Promise<CustomAnswer>((resolve) => this.#waiting.set(key, resolve))
    const event = {
      RequestType: 'Create',
      ResponseURL: `https://${bucketName(this.#place)}.s3.${this.#place.region}.amazonaws.com/${key}?X-Amz-Signature=0`,
      StackId: `arn:aws:cloudformation:${this.#place.region}:${this.#place.account}:stack/${resource.stack}/1`,
      RequestId: key,
      LogicalResourceId: resource.logicalId,
      ResourceType: resource.type,
      ResourceProperties: resource.properties,
    }
    await functions.invoke(String(resource.properties.ServiceToken), event)
    const none: CustomAnswer = { status: 'FAILED', reason: 'the function ended without an answer to CloudFormation', data: {} }
    const { status, reason, data } = await Promise.race([answered, Promise.resolve(none)])
    this.#waiting.delete(key)
    if (status !== 'SUCCESS')
      throw new Error(`Received response status [FAILED] from custom resource. Message returned: ${reason}`)
    this.#data.set(resource.type, Object.fromEntries(Object.entries(data).map(([name, value]) => [name, String(value)])))
  }

  /** The attributes of the custom resources that were made. */
  readonly answers = ({ type }: { readonly type: string }): JsonMap => this.#data.get(type) ?? {}
}
