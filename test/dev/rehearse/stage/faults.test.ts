import { test } from 'vitest'
import { least } from '../stages.ts'
import { accepted, expectFound, type Fault, stored } from './broken.ts'

const faults: readonly Fault[] = [
  {
    what: 'a network ACL that lets answers in on the ports of Linux alone',
    key: 'network',
    from: 'PortRange: {From: 1024, To: 65535}\n  PrivateAclToInside',
    to: 'PortRange: {From: 32768, To: 65535}\n  PrivateAclToInside',
    fails: 'the customer reads its report',
    finds: /ReportsFunction cannot reach dynamodb.*PrivateAcl/,
  },
  {
    what: 'a database that the worker may not reach',
    key: 'network',
    from: /( {2}MariaDbFromWorker:[\s\S]*?FromPort: )3306/,
    to: '$13307',
    fails: stored,
    finds: /DatabaseLoginFunction cannot reach .*rds\.amazonaws\.com:3306/,
  },
  {
    what: 'a function that does not trust the certificates of RDS',
    key: 'worker',
    from: /NODE_EXTRA_CA_CERTS: .*\n/,
    to: '\n',
    fails: stored,
    finds: /CarrierTrigger .*certificate/,
  },
  {
    what: 'a gateway that may not send to the queue',
    key: 'gateway',
    from: 'Action: [sqs:GetQueueUrl, sqs:SendMessage]',
    to: 'Action: [sqs:GetQueueUrl]',
    fails: accepted,
    finds: /GatewayFunction AWS denies sqs:SendMessage on .*apigw-prod-carrier-a/,
  },
  {
    what: 'an API that does not let in its own endpoint',
    key: 'gateway',
    from: "{'aws:SourceVpce': !Ref ApiEndpoint}",
    to: "{'aws:SourceVpce': vpce-1}",
    fails: accepted,
    finds: /apigw-prod-gateway\/Api does not answer calls of the balancer: the policy of the API does not allow it/,
  },
  {
    what: 'an endpoint whose policy does not let images through',
    key: 'network',
    from: '[s3:GetObject, s3:ListBucket, s3:PutObject]',
    to: '[s3:GetObject, s3:ListBucket]',
    fails: 'an image is kept',
    finds: /AWS denies s3:PutObject .* the policy of the VPC endpoint apigw-prod-network\/S3Endpoint does not allow it/,
  },
  {
    what: 'a gateway that does not know the sandbox queue of its stage',
    key: 'gateway',
    from: /APIGW_SANDBOX_QUEUE: .*\n/,
    to: '\n',
    fails: 'a call to the test environment is accepted',
    finds: /AWS denies sqs:GetQueueUrl on .*:sandbox:/,
  },
  {
    what: 'a function whose time is over before it answers',
    key: 'worker',
    from: 'Timeout: 30',
    to: 'Timeout: 0.001',
    fails: stored,
    finds: /Task timed out after 0.001 seconds/,
  },
]

test.each(faults)('the rehearsal finds $what', (fault) => expectFound(fault, least))
