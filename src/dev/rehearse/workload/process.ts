import { pathToFileURL } from 'node:url'
import { relisten, reroute } from './reroute.ts'
import { type Surroundings, surroundings, surroundingsVariable } from './routes.ts'

// The process of one function or one container in a rehearsal. It reads what surrounds it, reroutes its connections, and
// loads the real bundle. A function then answers events over IPC, one at a time, as an environment of Lambda does.

type Handler = (event: unknown, context: unknown) => unknown

/** An event for a function, and what Lambda says of the invocation. */
interface Invocation {
  readonly id: string
  readonly event: unknown
  readonly functionArn: string
  readonly timeoutMs: number
}

function isInvocation(value: unknown): value is Invocation {
  return typeof value === 'object' && value !== null && 'id' in value && 'event' in value
}

function readSurroundings(): Surroundings {
  const text = process.env[surroundingsVariable] ?? '{}'
  delete process.env[surroundingsVariable]
  return surroundings.parse(JSON.parse(text))
}

function tell(message: object): void {
  process.send?.(message)
}

function isHandler(value: unknown): value is Handler {
  return typeof value === 'function'
}

function contextFor({ id, functionArn, timeoutMs }: Invocation): object {
  const endsAt = Date.now() + timeoutMs
  return {
    awsRequestId: id,
    invokedFunctionArn: functionArn,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    getRemainingTimeInMillis: () => Math.max(0, endsAt - Date.now()),
  }
}

async function answer(handler: Handler, invocation: Invocation): Promise<void> {
  try {
    tell({ id: invocation.id, result: (await handler(invocation.event, contextFor(invocation))) ?? null })
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    tell({ id: invocation.id, error: { name, message } })
  }
}

async function main(): Promise<void> {
  const { routes, bundle, handler: name, ports } = readSurroundings()
  reroute(routes, (host, port, reason) => tell({ blocked: { host, port, reason } }))
  relisten(ports)
  const code: Readonly<Record<string, unknown>> = await import(pathToFileURL(bundle).href)
  if (name === undefined) return
  const handler = code[name]
  if (!isHandler(handler)) throw new Error(`${bundle} exports no function ${name}`)
  process.on('message', (message) => {
    if (isInvocation(message)) void answer(handler, message)
  })
  tell({ ready: true })
}

await main()
