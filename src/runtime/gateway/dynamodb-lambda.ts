import { openDynamoRegistry } from '../../registry/index.ts'
import { lambdaHandler } from './on-lambda.ts'

/** The gateway on Lambda, with its registry in DynamoDB. Each store has a bundle of its own, because a bundle contains all that it loads. */
export const handler = lambdaHandler(openDynamoRegistry)
