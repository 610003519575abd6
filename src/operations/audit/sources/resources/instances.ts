import { objectsIn, textAt } from './json.ts'
import type { RegionReader } from './region.ts'
import { elementsOf, itemsOf, textIn } from './xml.ts'

const lives: ReadonlySet<string> = new Set(['pending', 'running', 'stopping', 'stopped'])

/** EC2 instances with an instance profile. A stopped one can be started. */
export async function readInstances(region: RegionReader): Promise<void> {
  let token = ''
  do {
    const page = await region.ec2('ec2:DescribeInstances', { MaxResults: '1000', ...(token !== '' && { NextToken: token }) })
    for (const instance of itemsOf(page, 'instancesSet')) {
      const profile = elementsOf(instance, 'iamInstanceProfile')[0]
      const state = elementsOf(instance, 'instanceState')[0]
      if (profile === undefined || (state !== undefined && !lives.has(textIn(state, 'name')))) continue
      region.add({
        arn: region.arn('ec2', `instance/${textIn(instance, 'instanceId')}`),
        kind: 'instance',
        role: region.context.roleIn(textIn(profile, 'arn')),
      })
    }
    token = textIn(page, 'nextToken')
  } while (token !== '')
}

/** Instances with a running agent, on which Session Manager and Run Command work. */
export async function readManagedInstances(region: RegionReader): Promise<void> {
  for await (const page of region.pages('ssm:DescribeInstanceInformation', { MaxResults: 50 }, 'NextToken')) {
    for (const one of objectsIn(page, 'InstanceInformationList')) {
      const id = textAt(one, 'InstanceId')
      if (!id.startsWith('i-') || textAt(one, 'PingStatus') !== 'Online') continue
      region.add({ arn: region.arn('ec2', `instance/${id}`), kind: 'managed-instance' })
    }
  }
}

/** EMR clusters that take steps, with the role of their instances. */
export async function readClusters(region: RegionReader): Promise<void> {
  const ClusterStates = ['STARTING', 'BOOTSTRAPPING', 'RUNNING', 'WAITING']
  for await (const page of region.pages('elasticmapreduce:ListClusters', { ClusterStates }, 'Marker')) {
    for (const summary of objectsIn(page, 'Clusters')) {
      const id = textAt(summary, 'Id')
      const answer = await region.json('elasticmapreduce:DescribeCluster', { ClusterId: id })
      const profile = textAt(answer, 'Cluster', 'Ec2InstanceAttributes', 'IamInstanceProfile')
      region.add({
        arn: region.arn('elasticmapreduce', `cluster/${id}`),
        kind: 'emr-cluster',
        role: region.context.roleIn(profile),
      })
    }
  }
}
