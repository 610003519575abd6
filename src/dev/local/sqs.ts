import type { FauxqsServer } from 'fauxqs'
import { Problem } from '../../domain/problem.ts'
import { startEmulator } from './emulator.ts'

/** As in templates/stacks/data.yaml. */
const maxReceiveCount = 1000

function isPortInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
}

/** Makes a queue with a dead-letter queue beside it, as the templates do on AWS. */
function createQueue(server: FauxqsServer, name: string): void {
  const { queueArn: deadLetterTargetArn } = server.createQueue(`${name}-dlq`)
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount })
  server.createQueue(name, { attributes: { RedrivePolicy, VisibilityTimeout: '30' } })
}

/**
 * SQS on this machine. What it has confirmed is in a file before it answers, so a stop loses nothing.
 * @throws Problem `port-in-use`
 */
export async function startSqs(options: {
  port: number
  dataDir: string
  queues: readonly string[]
  bucket: string
}): Promise<FauxqsServer> {
  const { port, dataDir, queues, bucket } = options
  try {
    const server = await startEmulator({ port, dataDir })
    for (const queue of queues) if (server.inspectQueue(queue) === undefined) createQueue(server, queue)
    server.createBucket(bucket)
    return server
  } catch (error) {
    if (!isPortInUse(error)) throw error
    throw new Problem('port-in-use', `Something listens on port ${port} already, where the queues were to be.`, {
      next: `choose another: --sqs-port ${port + 1}`,
      cause: error,
    })
  }
}
