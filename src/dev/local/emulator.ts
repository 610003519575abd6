import { channel } from 'node:diagnostics_channel'
import type { FauxqsServer } from 'fauxqs'
import { recordOf } from '../../domain/record.ts'

const host = '127.0.0.1'
const region = 'ap-northeast-2'

/** The smallest visibility that is not zero: a millisecond, which the emulator treats as any other time. */
const almostZeroSeconds = 0.001

interface Request {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: unknown
}

/** What fastify publishes of an instance that it has made, as far as it is used here. */
interface App {
  listen: (options: { port: number; host: string }) => Promise<string>
  addHook(name: 'preHandler', hook: (request: Request) => Promise<void>): unknown
  inject(request: { method: 'POST'; url: string; headers: Record<string, string>; payload: string }): Promise<unknown>
}

function isApp(value: unknown): value is App {
  return typeof value === 'object' && value !== null && 'listen' in value && 'addHook' in value && 'inject' in value
}

/** Replaces a visibility of zero in a request to change it. */
function withoutZero(body: unknown): void {
  if (typeof body !== 'object' || body === null) return
  const entries: unknown[] = 'Entries' in body && Array.isArray(body.Entries) ? body.Entries : [body]
  for (const one of entries) {
    if (typeof one !== 'object' || one === null || !('VisibilityTimeout' in one)) continue
    if (Number(one.VisibilityTimeout) === 0 && 'ReceiptHandle' in one) one.VisibilityTimeout = almostZeroSeconds
  }
}

/** Makes messages visible again whose time is over: the emulator does it when it is asked for some, here for none. */
async function refresh(app: App, { headers, body }: Request): Promise<void> {
  if (headers['x-amz-target'] !== 'AmazonSQS.GetQueueAttributes') return
  await app.inject({
    method: 'POST',
    url: '/',
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.ReceiveMessage' },
    payload: JSON.stringify({ QueueUrl: recordOf(body).QueueUrl, MaxNumberOfMessages: 'none', WaitTimeSeconds: 0 }),
  })
}

/**
 * Mends three faults of fauxqs 2.4.1 before it listens, through the hook that fastify offers for changing an instance that
 * other code makes (https://fastify.dev/docs/latest/Reference/Hooks/#diagnostics-channel-hooks):
 *
 * - It listens on all addresses, whatever `host` it is given, and asks for no credentials.
 * - Where it keeps messages in a file, a visibility of 0 takes the message out of memory, and then fails: it writes NULL
 *   into the receive count, which the file does not take. The message is gone until the next start.
 * - It counts a message as in flight after its visibility timeout, until the next receive from that queue.
 */
function mend(message: unknown): boolean {
  if (typeof message !== 'object' || message === null || !('fastify' in message) || !isApp(message.fastify)) return false
  const app = message.fastify
  const listen = app.listen.bind(app)
  app.listen = (options) => listen({ ...options, host })
  app.addHook('preHandler', async (request) => {
    withoutZero(request.body)
    await refresh(app, request)
  })
  return true
}

/**
 * SQS and S3 on this machine, for this machine alone: it listens on the loopback address.
 *
 * @param dataDir where messages are kept; absent: in memory
 * @throws Error with the code `EADDRINUSE`
 */
export async function startEmulator(options: { port: number; dataDir?: string }): Promise<FauxqsServer> {
  const { startFauxqs } = await import('fauxqs')
  const made = channel('fastify.initialization')
  let mended = false
  const onMade = (message: unknown): void => {
    mended = mend(message)
  }
  made.subscribe(onMade)
  let starting: Promise<FauxqsServer>
  try {
    // It makes its instance before its first wait, so no other instance of this process is changed.
    starting = startFauxqs({ ...options, logger: false, defaultRegion: region })
  } finally {
    made.unsubscribe(onMade)
  }
  const server = await starting
  if (mended) return server
  await server.stop()
  throw new Error('The SQS emulator could not be kept to this machine: this version of fauxqs does not use fastify.')
}
