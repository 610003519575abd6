import { recordOf } from '../../../domain/record.ts'
import { digits } from '../template/identities.ts'
import type { Place } from '../template/resource.ts'
import { type Identified, type Incoming, objectOf } from './identify.ts'
import type { Secrets } from './secrets.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | string
}

/** Carries out a request that has been allowed. */
export type Service = (request: Identified, incoming: Incoming) => Promise<Answer>

const json = { 'content-type': 'application/x-amz-json-1.1' }

export function jsonAnswer(status: number, body: object): Answer {
  return { status, headers: json, body: JSON.stringify(body) }
}

/** An error of a JSON protocol. */
export function jsonError(status: number, name: string, message: string): Answer {
  return jsonAnswer(status, { __type: name, message, Message: message })
}

export function secretsManager(secrets: Secrets): Service {
  return async ({ action, parameters }) => {
    if (action !== 'secretsmanager:GetSecretValue') return jsonError(400, 'UnknownOperationException', action)
    const text = secrets.text(String(parameters.SecretId))
    if (text === undefined) return jsonError(400, 'ResourceNotFoundException', "Secrets Manager can't find the specified secret.")
    return jsonAnswer(200, { ARN: parameters.SecretId, SecretString: text })
  }
}

/** EC2's answer about network interfaces: each has one address. */
export function networkInterfaces(addressOf: (id: string) => string | undefined): Service {
  return async ({ action, parameters }) => {
    const headers = { 'content-type': 'text/xml' }
    if (action !== 'ec2:DescribeNetworkInterfaces') return { status: 400, headers, body: '<Response/>' }
    const ids = Object.entries(parameters).flatMap(([name, id]) => (name.startsWith('NetworkInterfaceId.') ? [String(id)] : []))
    const items = ids.flatMap((id) => {
      const address = addressOf(id)
      return address === undefined
        ? []
        : [`<item><networkInterfaceId>${id}</networkInterfaceId><privateIpAddress>${address}</privateIpAddress></item>`]
    })
    const set = `<networkInterfaceSet>${items.join('')}</networkInterfaceSet>`
    return { status: 200, headers, body: `<DescribeNetworkInterfacesResponse>${set}</DescribeNetworkInterfacesResponse>` }
  }
}

/** The IP sets of AWS WAF, as far as the function that makes them asks for them. */
export function ipSets({ region, account }: Place): Service {
  const made = new Map<string, { readonly Name: string; readonly Id: string; readonly ARN: string }>()
  return async ({ action, parameters }) => {
    const name = String(parameters.Name)
    switch (action) {
      case 'wafv2:ListIPSets':
        return jsonAnswer(200, { IPSets: [...made.values()] })
      case 'wafv2:CreateIPSet': {
        if (made.has(name)) return jsonError(400, 'WAFDuplicateItemException', `${name} exists`)
        const id = digits('ipset', name).slice(0, 36)
        const summary = { Name: name, Id: id, ARN: `arn:aws:wafv2:${region}:${account}:regional/ipset/${name}/${id}` }
        made.set(name, summary)
        return jsonAnswer(200, { Summary: summary })
      }
      case 'wafv2:GetIPSet':
        return made.has(name)
          ? jsonAnswer(200, { IPSet: { ...made.get(name), Addresses: [] }, LockToken: 'lock' })
          : jsonError(400, 'WAFNonexistentItemException', name)
      case 'wafv2:DeleteIPSet':
        made.delete(name)
        return jsonAnswer(200, {})
      default:
        return jsonError(400, 'WAFInvalidOperationException', action)
    }
  }
}

/** Headers that belong to one connection, or that the emulator computes itself. */
const ownHeaders = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'expect'])

/** Passes a request on to an emulator that speaks the same protocol. */
export function emulated(address: string, pathOf: (incoming: Incoming) => string = ({ target }) => target): Service {
  return async (_request, incoming) => {
    const headers = Object.fromEntries(Object.entries(incoming.headers).filter(([name]) => !ownHeaders.has(name)))
    const response = await fetch(`${address}${pathOf(incoming)}`, {
      method: incoming.method,
      headers,
      ...(incoming.body.length > 0 && { body: new Uint8Array(incoming.body) }),
    })
    const kept = Object.fromEntries([...response.headers].filter(([name]) => !ownHeaders.has(name)))
    return { status: response.status, headers: kept, body: Buffer.from(await response.arrayBuffer()) }
  }
}

/** S3: the emulator takes the bucket as the first part of the path. */
export function objectStore(address: string): Service {
  return emulated(address, (incoming) => {
    const { bucket, key } = objectOf(incoming)
    const query = incoming.target.split('?')[1]
    return `/${bucket}/${key}${query === undefined ? '' : `?${query}`}`
  })
}

/** SQS: queues of the emulator have its own address, and those of the rehearsal have that of AWS. */
export function queues(address: string, { region, account }: Place): Service {
  const own = `${address}/000000000000/`
  const real = `https://sqs.${region}.amazonaws.com/${account}/`
  const pass = emulated(address)
  return async (request, incoming) => {
    const url = request.parameters.QueueUrl
    const body =
      url === undefined
        ? incoming.body
        : Buffer.from(JSON.stringify({ ...request.parameters, QueueUrl: String(url).replace(real, own) }))
    const answer = await pass(request, { ...incoming, target: '/', body })
    const text = answer.body.toString().replaceAll(/https?:\/\/[^/"]+\/000000000000\//g, real)
    return { ...answer, body: text }
  }
}

/** What a custom resource answered to the address that CloudFormation gave it. */
export interface CustomAnswer {
  readonly status: string
  readonly reason: string | undefined
  readonly data: Readonly<Record<string, unknown>>
}

export function customAnswer(body: Buffer): CustomAnswer {
  const { Status, Reason, Data } = recordOf(JSON.parse(body.toString('utf8')))
  return { status: String(Status), reason: Reason === undefined ? undefined : String(Reason), data: recordOf(Data) }
}

/** Invokes functions as a client of Lambda does (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html). */
export function functionCalls(invoke: (functionArn: string, event: unknown) => Promise<unknown>): Service {
  return async ({ resources: [arn = ''], parameters }) => {
    const headers = { 'content-type': 'application/json' }
    try {
      return { status: 200, headers, body: JSON.stringify((await invoke(arn, parameters)) ?? null) }
    } catch (error) {
      const errorMessage = error instanceof Error ? error.message : String(error)
      return { status: 200, headers: { ...headers, 'x-amz-function-error': 'Unhandled' }, body: JSON.stringify({ errorMessage }) }
    }
  }
}
