import { functionOf } from '../../template/functions-called.ts'
import type { Resource } from '../../template/resource.ts'
import { mapAt } from '../../template/values.ts'
import { byRole, type Duties, name } from './duty.ts'

function isReleasedBy({ updatePolicy }: Resource, group: Resource): boolean {
  const { ApplicationName, DeploymentGroupName } = mapAt(updatePolicy ?? {}, 'CodeDeployLambdaAliasUpdate')
  return ApplicationName === group.properties.ApplicationName && DeploymentGroupName === group.physicalId
}

/** CodeDeploy reads alarms and moves aliases under the role of the group (AWSCodeDeployRoleForLambda). */
export const deploymentGroup: Duties = (resource, all) => {
  const role = String(resource.properties.ServiceRoleArn)
  const aliases = all.filter((one) => one.type === 'AWS::Lambda::Alias' && isReleasedBy(one, resource))
  const functions = aliases.flatMap(({ physicalId }) => functionOf(physicalId, all) ?? [])
  return [
    { kind: 'assume', what: `${name(resource)} releases`, service: 'codedeploy.amazonaws.com', role },
    ...byRole(name(resource), role, [
      ['cloudwatch:DescribeAlarms', '*'],
      ...functions.flatMap((of) =>
        ['lambda:GetAlias', 'lambda:UpdateAlias'].map((action) => [action, String(of.attribute('Arn'))] as const),
      ),
    ]),
  ]
}
