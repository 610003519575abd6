import * as z from 'zod'
import { callAws } from '../../aws/index.ts'
import { Problem } from '../../domain/problem.ts'
import { type StackKey, stackKeys } from '../../domain/stage.ts'
import { artifactBucket, defaultBucket } from './bucket.ts'
import { accountOf, type StackClients } from './clients.ts'
import type { Stage } from './plan.ts'
import { failedCreation } from './ready.ts'
import { isInReview, originalTemplate, type Stack } from './stack.ts'
import { uploadAsset } from './upload.ts'

const values = z.record(z.string(), z.string())
const earlier = z.object({
  /** The ARN of the stack: a stack that was created again has another one. */
  id: z.string(),
  /** The key of its template in the bucket. */
  template: z.string().regex(/^[0-9a-f]{64}\.template$/),
  parameters: values,
})
const shape = z.object({
  version: z.literal(1),
  stage: z.string(),
  at: z.iso.datetime(),
  by: z.string().nullable(),
  /** Whether the deployment came to its end. */
  finished: z.boolean(),
  stacks: z.partialRecord(z.enum(stackKeys), earlier),
  /** Outputs of all stacks before the deployment. */
  outputs: z.partialRecord(z.enum(stackKeys), values),
})

/** A stage as it was before the last deployment. */
export type DeploymentRecord = z.infer<typeof shape>

function keyOf(stage: string): string {
  return `deployments/${stage}.json`
}

/** The bucket of a stage's code, templates and record. */
export async function bucketOf(clients: StackClients, { settings }: Stage): Promise<string> {
  return settings.artifactBucket ?? (await defaultBucket(clients))
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'NoSuchKey' || error.name === 'NoSuchBucket' || error.name === 'NotFound')

/** The text of an object; undefined if it does not exist. @throws Problem `aws-…` */
export async function readObject(clients: StackClients, bucket: string, key: string): Promise<string | undefined> {
  const { GetObjectCommand } = await import('@aws-sdk/client-s3')
  const of = { Bucket: bucket, Key: key, ExpectedBucketOwner: await accountOf(clients) }
  return callAws(clients, 's3:GetObject', async () => {
    try {
      const { Body } = await clients.s3.send(new GetObjectCommand(of))
      return (await Body?.transformToString('utf8')) ?? ''
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  })
}

function parsed(text: string, stage: string): DeploymentRecord | undefined {
  try {
    const found = shape.safeParse(JSON.parse(text))
    return found.success && found.data.stage === stage ? found.data : undefined
  } catch {
    return undefined
  }
}

/**
 * The stage as it was before its last deployment; undefined if none is recorded.
 * @throws Problem `stack-refused` if the record is not readable
 */
export async function readRecord(clients: StackClients, stage: Stage): Promise<DeploymentRecord | undefined> {
  const [bucket, key] = [await bucketOf(clients, stage), keyOf(stage.name)]
  const text = await readObject(clients, bucket, key)
  if (text === undefined) return undefined
  const record = parsed(text, stage.name)
  if (record !== undefined) return record
  throw new Problem(
    'stack-refused',
    `s3://${bucket}/${key} is not a deployment record of ${stage.name} that this version reads.`,
    {
      next: 'deploy the earlier apigw.yaml with its version of the program',
    },
  )
}

async function write(clients: StackClients, bucket: string, record: DeploymentRecord): Promise<void> {
  const { PutObjectCommand } = await import('@aws-sdk/client-s3')
  const of = { Bucket: bucket, Key: keyOf(record.stage), ExpectedBucketOwner: await accountOf(clients) }
  const Body = `${JSON.stringify(record, null, 2)}\n`
  await callAws(clients, 's3:PutObject', () =>
    clients.s3.send(new PutObjectCommand({ ...of, Body, ContentType: 'application/json' })),
  )
}

/** A stack that only imported resources has no parameters, and nothing to return to. */
function isThere(stack: Stack | undefined): stack is Stack {
  if (stack?.status === 'IMPORT_COMPLETE' && Object.keys(stack.parameters).length === 0) return false
  return stack !== undefined && !isInReview(stack) && !failedCreation.has(stack.status)
}

/**
 * Records each stack that a deployment changes as it is before, so that the deployment can be rolled back. A deployment that
 * changes nothing leaves the record of the last one. One that follows an interrupted deployment adds to its record, so that both
 * are rolled back together.
 */
export class DeploymentRecorder {
  readonly #clients: StackClients
  readonly #stage: Stage
  readonly #deployed: ReadonlyMap<StackKey, Stack>
  readonly #by: string | undefined
  #record: DeploymentRecord | undefined

  /** @param deployed the stacks before the deployment */
  constructor(clients: StackClients, stage: Stage, deployed: ReadonlyMap<StackKey, Stack>, by: string | undefined) {
    this.#clients = clients
    this.#stage = stage
    this.#deployed = deployed
    this.#by = by
  }

  /**
   * Records a stack that is about to change. There is nothing to return to before a stack was created.
   * @throws Problem `aws-…`
   */
  async before(key: StackKey): Promise<void> {
    const stack = this.#deployed.get(key)
    if (!isThere(stack) || this.#record?.stacks[key] !== undefined) return
    const bucket = await artifactBucket(this.#clients, this.#stage.settings.artifactBucket)
    const record = this.#record ?? (await this.#begin(bucket))
    const { id, parameters } = stack
    const template = await uploadAsset(this.#clients, bucket, Buffer.from(await originalTemplate(this.#clients, id)), 'template')
    this.#record = { ...record, stacks: { [key]: { id, template, parameters }, ...record.stacks } }
    await write(this.#clients, bucket, this.#record)
  }

  async #begin(bucket: string): Promise<DeploymentRecord> {
    const { name } = this.#stage
    const text = await readObject(this.#clients, bucket, keyOf(name))
    const last = text === undefined ? undefined : parsed(text, name)
    if (last?.finished === false) return last
    return {
      version: 1,
      stage: name,
      at: new Date().toISOString(),
      by: this.#by ?? null,
      finished: false,
      stacks: {},
      outputs: Object.fromEntries([...this.#deployed].map(([key, stack]) => [key, stack.outputs])),
    }
  }

  /** The deployment came to its end. @throws Problem `aws-…` */
  async finish(): Promise<void> {
    if (this.#record === undefined) return
    await write(this.#clients, await bucketOf(this.#clients, this.#stage), { ...this.#record, finished: true })
  }
}
