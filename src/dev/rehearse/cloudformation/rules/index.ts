import { apiGateway } from './api-gateway.ts'
import { codedeploy } from './codedeploy.ts'
import { custom } from './custom.ts'
import { dynamodb } from './dynamodb.ts'
import { ecr } from './ecr.ts'
import { ecs } from './ecs.ts'
import { elasticache } from './elasticache.ts'
import { elb } from './elb.ts'
import { iam } from './iam.ts'
import { lambda } from './lambda.ts'
import { logs } from './logs.ts'
import { monitoring } from './monitoring.ts'
import { names } from './names.ts'
import { rds } from './rds.ts'
import { routing } from './routing.ts'
import type { ServiceRules, TypeRules } from './rule.ts'
import { s3 } from './s3.ts'
import { scaling } from './scaling.ts'
import { secrets } from './secrets.ts'
import { securityGroups } from './security-groups.ts'
import { sqs } from './sqs.ts'
import { vpc } from './vpc.ts'
import { waf } from './waf.ts'

const services: readonly ServiceRules[] = [
  apiGateway,
  codedeploy,
  dynamodb,
  ecr,
  ecs,
  elasticache,
  elb,
  iam,
  lambda,
  logs,
  monitoring,
  names,
  rds,
  routing,
  s3,
  scaling,
  secrets,
  securityGroups,
  sqs,
  vpc,
  waf,
]

const byType: ReadonlyMap<string, TypeRules> = new Map(services.flatMap((service) => Object.entries(service)))

/** The rules of a resource type; undefined if none are written down. */
export function rulesOf(type: string): TypeRules | undefined {
  return type.startsWith('Custom::') || type === 'AWS::CloudFormation::CustomResource' ? custom : byType.get(type)
}

/** Every type whose rules are written down. */
export const typesWithRules: readonly string[] = [...byType.keys()]
