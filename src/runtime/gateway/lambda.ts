import { openRedisRegistry } from '../../registry/index.ts'
import { lambdaHandler } from './on-lambda.ts'

/** The gateway on Lambda, with its registry in Redis. Each store has a bundle of its own, because a bundle contains all that it loads. */
export const handler = lambdaHandler(openRedisRegistry)
