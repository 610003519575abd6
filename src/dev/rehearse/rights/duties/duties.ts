import type { Resource } from '../../template/resource.ts'
import { task } from './containers.ts'
import type { Duties, Duty } from './duty.ts'
import { eventSource, lambda, restApi } from './functions.ts'
import { balancer, firehose, flowLog, logGroup, trail } from './logs.ts'
import { alarm, budget, eventRule, subscription } from './messages.ts'
import { deploymentGroup } from './releases.ts'

const byType: Readonly<Record<string, Duties>> = {
  'AWS::ApiGateway::RestApi': restApi,
  'AWS::Budgets::Budget': budget,
  'AWS::CloudTrail::Trail': trail,
  'AWS::CloudWatch::Alarm': alarm,
  'AWS::CodeDeploy::DeploymentGroup': deploymentGroup,
  'AWS::EC2::FlowLog': flowLog,
  'AWS::ECS::TaskDefinition': task,
  'AWS::ElasticLoadBalancingV2::LoadBalancer': balancer,
  'AWS::Events::Rule': eventRule,
  'AWS::KinesisFirehose::DeliveryStream': firehose,
  'AWS::Lambda::EventSourceMapping': eventSource,
  'AWS::Lambda::Function': lambda,
  'AWS::Logs::LogGroup': logGroup,
  'AWS::SNS::Subscription': subscription,
}

/** What AWS does on its own for the resources of a stage: each has to be allowed, or something fails without a word. */
export function dutiesOf(all: readonly Resource[]): readonly Duty[] {
  return all.flatMap((resource) => byType[resource.type]?.(resource, all) ?? [])
}
