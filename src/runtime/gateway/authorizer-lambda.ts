import { openRedisRegistry } from '../../registry/index.ts'
import { authorizerHandler } from './authorizer-on-lambda.ts'

/** The authorizer on Lambda, with its registry in Redis. Each store has a bundle of its own, because a bundle contains all that it loads. */
export const handler = authorizerHandler(openRedisRegistry)
