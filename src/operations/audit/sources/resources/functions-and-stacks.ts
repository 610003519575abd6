import { clientOptions } from '../../../../aws/index.ts'
import type { RegionReader } from './region.ts'

/**
 * Functions, with the roles of their unpublished versions. The answer also holds their variables, which may be secrets: only names
 * and roles are kept.
 */
export async function readFunctions(region: RegionReader): Promise<void> {
  const { LambdaClient, ListFunctionsCommand } = await import('@aws-sdk/client-lambda')
  const client = new LambdaClient({ ...clientOptions(region.context.place), region: region.region })
  try {
    let Marker: string | undefined
    do {
      const page = await region.one('lambda:ListFunctions', (abortSignal) =>
        client.send(new ListFunctionsCommand({ ...(Marker !== undefined && { Marker }) }), { abortSignal }),
      )
      for (const { FunctionArn: arn, Role: role } of page.Functions ?? []) {
        if (arn && role) region.add({ arn, kind: 'function', role })
      }
      Marker = page.NextMarker
    } while (Marker !== undefined && Marker !== '')
  } finally {
    client.destroy()
  }
}

/** Functions that a queue, a stream or a topic invokes. A mapping may name a version or an alias of the function. */
export async function readTriggers(region: RegionReader): Promise<void> {
  const { LambdaClient, ListEventSourceMappingsCommand } = await import('@aws-sdk/client-lambda')
  const client = new LambdaClient({ ...clientOptions(region.context.place), region: region.region })
  try {
    let Marker: string | undefined
    do {
      const page = await region.one('lambda:ListEventSourceMappings', (abortSignal) =>
        client.send(new ListEventSourceMappingsCommand({ ...(Marker !== undefined && { Marker }) }), { abortSignal }),
      )
      for (const { FunctionArn = '', State } of page.EventSourceMappings ?? []) {
        // A version keeps its code, so only one that runs the newest code says that an update is invoked.
        const arn = FunctionArn.replace(/:\$LATEST$/, '')
        if (State === 'Enabled' && /:function:[^:]+$/.test(arn)) region.add({ arn, kind: 'triggered-function' })
      }
      Marker = page.NextMarker
    } while (Marker !== undefined && Marker !== '')
  } finally {
    client.destroy()
  }
}

export async function readStacks(region: RegionReader): Promise<void> {
  const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation')
  const client = new CloudFormationClient({ ...clientOptions(region.context.place), region: region.region })
  try {
    let NextToken: string | undefined
    do {
      const page = await region.one('cloudformation:DescribeStacks', (abortSignal) =>
        client.send(new DescribeStacksCommand({ ...(NextToken !== undefined && { NextToken }) }), { abortSignal }),
      )
      for (const { StackId: arn, RoleARN: role } of page.Stacks ?? []) if (arn && role) region.add({ arn, kind: 'stack', role })
      NextToken = page.NextToken
    } while (NextToken !== undefined && NextToken !== '')
  } finally {
    client.destroy()
  }
}

export async function readStackSets(region: RegionReader): Promise<void> {
  const { CloudFormationClient, ListStackSetsCommand } = await import('@aws-sdk/client-cloudformation')
  const client = new CloudFormationClient({ ...clientOptions(region.context.place), region: region.region })
  try {
    let NextToken: string | undefined
    do {
      const page = await region.one('cloudformation:ListStackSets', (abortSignal) =>
        client.send(new ListStackSetsCommand({ Status: 'ACTIVE', ...(NextToken !== undefined && { NextToken }) }), {
          abortSignal,
        }),
      )
      for (const { StackSetId = '' } of page.Summaries ?? []) {
        region.add({ arn: region.arn('cloudformation', `stackset/${StackSetId}`), kind: 'stack-set' })
      }
      NextToken = page.NextToken
    } while (NextToken !== undefined && NextToken !== '')
  } finally {
    client.destroy()
  }
}
