import { setTimeout as sleep } from 'node:timers/promises'
import { errorFields, log } from '../process.ts'

/** What CloudFormation sends (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html). */
export interface ResourceEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete'
  readonly ResponseURL: string
  readonly StackId: string
  readonly RequestId: string
  readonly LogicalResourceId: string
  readonly PhysicalResourceId?: string
  readonly ResourceProperties: Readonly<Record<string, unknown>>
}

/** What a template may ask for by `Fn::GetAtt`. */
export type Attributes = Readonly<Record<string, string>>

/** How one kind of resource is made what it should be, and removed. Both may be asked for more than once. */
export interface Resource {
  /** Stays the same for as long as the resource is the same: another one makes CloudFormation remove the first. */
  readonly id: string
  ensure(properties: ResourceEvent['ResourceProperties']): Promise<Attributes>
  remove(properties: ResourceEvent['ResourceProperties']): Promise<void>
}

const tries = 4

/** A text among the properties. */
export function textOf(properties: ResourceEvent['ResourceProperties'], name: string): string {
  const value = properties[name]
  if (typeof value === 'string' && value !== '') return value
  throw new Error(`The property ${name} is missing.`)
}

/** The address is signed for an empty content type, so none may be sent. */
async function answer(event: ResourceEvent, body: object): Promise<void> {
  const bytes = Buffer.from(JSON.stringify(body))
  for (let round = 1; ; round++) {
    try {
      const response = await fetch(event.ResponseURL, { method: 'PUT', headers: { 'content-type': '' }, body: bytes })
      if (response.ok) return
      throw new Error(`CloudFormation's address answered ${response.status}`)
    } catch (error) {
      if (round === tries) throw error
      await sleep(250 * 2 ** round)
    }
  }
}

/**
 * A Lambda handler for a custom resource. It always answers: a stack whose function keeps silent waits until its time is over.
 * Why something failed is shown in the stack's events, so an error must not hold what is secret.
 */
export function customResource(resource: Resource): (event: ResourceEvent) => Promise<void> {
  return async (event) => {
    const { StackId, RequestId, LogicalResourceId, PhysicalResourceId = resource.id, RequestType, ResourceProperties } = event
    const same = { StackId, RequestId, LogicalResourceId, PhysicalResourceId }
    try {
      let Data: Attributes = {}
      if (RequestType === 'Delete') await resource.remove(ResourceProperties)
      else Data = await resource.ensure(ResourceProperties)
      log('ensured', { request: RequestType, resource: LogicalResourceId })
      await answer(event, { ...same, Status: 'SUCCESS', Data })
    } catch (error) {
      log('failed', { request: RequestType, resource: LogicalResourceId, ...errorFields(error) })
      const Reason = error instanceof Error ? `${error.name}: ${error.message}` : 'It failed.'
      await answer(event, { ...same, Status: 'FAILED', Reason: Reason.slice(0, 500) })
    }
  }
}
