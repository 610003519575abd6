import { isMap } from '../../../../operations/cloudformation/index.ts'
import { at, between, isTrue, numberAt, type Rule, type ServiceRules, shaped, textAt } from './rule.ts'

const createQueue = 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html'
const deadLetters = 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html'

const msAfterDeletion = 60_000

const notDeletedJustNow: Rule = {
  source: createQueue,
  refuse: ({ type, id }, { inventory, now }) => {
    const deletedAt = inventory.deletedAt(type, id)
    if (deletedAt === undefined || now - deletedAt >= msAfterDeletion) return undefined
    return 'You must wait 60 seconds after deleting a queue before you can create another with the same name.'
  },
}

const sameKindOfDeadLetters: Rule = {
  source: deadLetters,
  refuse: ({ properties }, { inventory }) => {
    const target = textAt(properties, 'RedrivePolicy.deadLetterTargetArn')
    if (target === '') return undefined
    const name = target.split(':').at(-1) ?? ''
    const queue = inventory.of('AWS::SQS::Queue').find(({ id }) => id.endsWith(`/${name}`))
    if (queue === undefined)
      return `Value ${JSON.stringify(at(properties, 'RedrivePolicy'))} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.`
    if (isTrue(queue.properties, 'FifoQueue') === isTrue(properties, 'FifoQueue')) return undefined
    return 'Dead-letter queue must be same type of queue as the source'
  },
}

const redrive: Rule = {
  source: deadLetters,
  refuse: ({ properties }) => {
    if (!isMap(at(properties, 'RedrivePolicy'))) return undefined
    const count = numberAt(properties, 'RedrivePolicy.maxReceiveCount')
    if (count !== undefined && count >= 1 && count <= 1_000) return undefined
    return 'Value for parameter RedrivePolicy is invalid. Reason: Invalid value for maxReceiveCount.'
  },
}

const fifoName: Rule = {
  source: createQueue,
  refuse: ({ properties }) => {
    const name = textAt(properties, 'QueueName')
    if (name === '' || name.endsWith('.fifo') === isTrue(properties, 'FifoQueue')) return undefined
    return 'The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length'
  },
}

export const sqs: ServiceRules = {
  'AWS::SQS::Queue': {
    name: 'QueueName',
    replaces: ['FifoQueue', 'QueueName'],
    create: [notDeletedJustNow],
    valid: [
      shaped('QueueName', /^[A-Za-z0-9_-]{1,80}$|^[A-Za-z0-9_-]{1,75}\.fifo$/, createQueue),
      fifoName,
      between('DelaySeconds', 0, 900, createQueue),
      between('MessageRetentionPeriod', 60, 1_209_600, createQueue),
      between('MaximumMessageSize', 1_024, 1_048_576, createQueue),
      between('ReceiveMessageWaitTimeSeconds', 0, 20, createQueue),
      between('VisibilityTimeout', 0, 43_200, createQueue),
      redrive,
      sameKindOfDeadLetters,
    ],
  },
  'AWS::SQS::QueuePolicy': { replaces: [] },
  'AWS::SQS::QueueInlinePolicy': { replaces: ['Queue'] },
}
