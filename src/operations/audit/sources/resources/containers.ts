import { objectsIn, partsOf, textAt, textsIn } from './json.ts'
import type { RegionReader } from './region.ts'

/** What one call of DescribeClusters and of DescribeTasks takes at most. */
const atOnce = 100

/** The role of each task definition that is asked for, once each: AWS throttles the call at a low rate. */
function taskRoles(region: RegionReader): (definition: string) => Promise<string> {
  const known = new Map<string, string>()
  return async (definition) => {
    const found = known.get(definition)
    if (found !== undefined) return found
    const answer = await region.json('ecs:DescribeTaskDefinition', { taskDefinition: definition })
    const role = textAt(answer, 'taskDefinition', 'taskRoleArn')
    known.set(definition, role)
    return role
  }
}

/** Clusters, whether they have instances, and the running tasks into which ECS Exec leads. */
export async function readExecTasks(region: RegionReader): Promise<void> {
  const roleOf = taskRoles(region)
  for await (const page of region.pages('ecs:ListClusters', {})) {
    for (const clusters of partsOf(textsIn(page, 'clusterArns'), atOnce)) {
      const answer = await region.json('ecs:DescribeClusters', { clusters })
      for (const cluster of objectsIn(answer, 'clusters')) await readCluster(region, cluster, roleOf)
    }
  }
}

async function readCluster(
  region: RegionReader,
  cluster: Readonly<Record<string, unknown>>,
  roleOf: (definition: string) => Promise<string>,
): Promise<void> {
  const arn = textAt(cluster, 'clusterArn')
  if (arn === '') return
  region.add({ arn, kind: 'cluster' })
  if (Number(cluster.registeredContainerInstancesCount) > 0) region.add({ arn, kind: 'container-instance' })
  if (Number(cluster.runningTasksCount) === 0) return
  for await (const page of region.pages('ecs:ListTasks', { cluster: arn, desiredStatus: 'RUNNING' })) {
    for (const tasks of partsOf(textsIn(page, 'taskArns'), atOnce)) {
      const answer = await region.json('ecs:DescribeTasks', { cluster: arn, tasks })
      for (const task of objectsIn(answer, 'tasks')) {
        if (task.enableExecuteCommand !== true) continue
        const role = textAt(task, 'overrides', 'taskRoleArn') || (await roleOf(textAt(task, 'taskDefinitionArn')))
        region.add({ arn: textAt(task, 'taskArn'), kind: 'exec-task', role: region.role(role) })
      }
    }
  }
}

/** Families, not their revisions, of which an account may have 100,000. */
export async function readTaskDefinitions(region: RegionReader): Promise<void> {
  for await (const page of region.pages('ecs:ListTaskDefinitionFamilies', { status: 'ACTIVE' })) {
    for (const family of textsIn(page, 'families')) {
      region.add({ arn: region.arn('ecs', `task-definition/${family}`), kind: 'task-definition' })
    }
  }
}

export async function readAppRunner(region: RegionReader): Promise<void> {
  for await (const page of region.pages('apprunner:ListServices', {}, 'NextToken')) {
    for (const summary of objectsIn(page, 'ServiceSummaryList')) {
      const arn = textAt(summary, 'ServiceArn')
      const answer = await region.json('apprunner:DescribeService', { ServiceArn: arn })
      const role = region.role(textAt(answer, 'Service', 'InstanceConfiguration', 'InstanceRoleArn'))
      if (role !== undefined) region.add({ arn, kind: 'app-runner-service', role })
    }
  }
}
