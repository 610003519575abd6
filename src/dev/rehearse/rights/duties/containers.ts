import { mapAt, mapsIn } from '../../template/values.ts'
import { byRole, type Duties, type Duty, logGroupArn, name } from './duty.ts'

/** What ECS does to start a task (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html). */
export const task: Duties = (resource, all) => {
  const { ExecutionRoleArn, TaskRoleArn, ContainerDefinitions } = resource.properties
  const role = String(ExecutionRoleArn)
  const containers = mapsIn(ContainerDefinitions)
  const assumed = [role, ...(TaskRoleArn === undefined ? [] : [String(TaskRoleArn)])]
  const secrets = containers.flatMap(({ Secrets }) => mapsIn(Secrets).map(({ ValueFrom }) => String(ValueFrom)))
  const groups = containers.map((one) => logGroupArn(all, mapAt(mapAt(one, 'LogConfiguration'), 'Options')['awslogs-group']))
  const repositories = containers.map(({ Image }) => repositoryArn(String(Image)))
  return [
    ...assumed.map(
      (arn): Duty => ({ kind: 'assume', what: `${name(resource)} runs`, service: 'ecs-tasks.amazonaws.com', role: arn }),
    ),
    ...byRole(`${name(resource)} gets its image`, role, [
      ['ecr:GetAuthorizationToken', '*'],
      ...repositories.flatMap((arn) =>
        arn === undefined
          ? []
          : (['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'] as const).map(
              (action) => [action, arn] as const,
            ),
      ),
    ]),
    ...byRole(
      `${name(resource)} gets its secrets`,
      role,
      secrets.map((arn) => ['secretsmanager:GetSecretValue', arn] as const),
    ),
    ...groups.flatMap((arn) =>
      arn === undefined
        ? []
        : byRole(`${name(resource)} writes its log`, role, [
            ['logs:CreateLogStream', arn],
            ['logs:PutLogEvents', arn],
          ]),
    ),
  ]
}

/** The repository of an image in this account's registry; undefined for a public one. */
export function repositoryArn(image: string): string | undefined {
  const [, account, region, path] = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/([^@:]+)/.exec(image) ?? []
  return path === undefined ? undefined : `arn:aws:ecr:${region}:${account}:repository/${path}`
}
