import { objectsIn, partsOf, textAt, textsIn } from './json.ts'
import type { RegionReader } from './region.ts'

/** CodeBuild projects. The answer also holds their variables, of which nothing is kept. */
export async function readCodeBuild(region: RegionReader): Promise<void> {
  for await (const page of region.pages('codebuild:ListProjects', {})) {
    for (const names of partsOf(textsIn(page, 'projects'), 100)) {
      const answer = await region.json('codebuild:BatchGetProjects', { names })
      for (const project of objectsIn(answer, 'projects')) {
        region.add({ arn: textAt(project, 'arn'), kind: 'project', role: region.role(project.serviceRole) })
      }
    }
  }
}

export async function readGlueEndpoints(region: RegionReader): Promise<void> {
  for await (const page of region.pages('glue:GetDevEndpoints', {}, 'NextToken')) {
    for (const endpoint of objectsIn(page, 'DevEndpoints')) {
      const arn = region.arn('glue', `devEndpoint/${textAt(endpoint, 'EndpointName')}`)
      region.add({ arn, kind: 'dev-endpoint', role: region.role(endpoint.RoleArn) })
    }
  }
}

export async function readGlueJobs(region: RegionReader): Promise<void> {
  for await (const page of region.pages('glue:GetJobs', {}, 'NextToken')) {
    for (const job of objectsIn(page, 'Jobs')) {
      region.add({ arn: region.arn('glue', `job/${textAt(job, 'Name')}`), kind: 'glue-job', role: region.role(job.Role) })
    }
  }
}

export async function readGlueSessions(region: RegionReader): Promise<void> {
  for await (const page of region.pages('glue:ListSessions', {}, 'NextToken')) {
    for (const session of objectsIn(page, 'Sessions')) {
      if (textAt(session, 'Status') !== 'READY') continue
      const arn = region.arn('glue', `session/${textAt(session, 'Id')}`)
      region.add({ arn, kind: 'glue-session', role: region.role(session.Role) })
    }
  }
}

export async function readNotebooks(region: RegionReader): Promise<void> {
  for await (const page of region.pages('sagemaker:ListNotebookInstances', { MaxResults: 100 }, 'NextToken')) {
    for (const summary of objectsIn(page, 'NotebookInstances')) {
      const answer = await region.json('sagemaker:DescribeNotebookInstance', {
        NotebookInstanceName: textAt(summary, 'NotebookInstanceName'),
      })
      region.add({
        arn: textAt(summary, 'NotebookInstanceArn'),
        kind: 'notebook',
        role: region.role(answer.RoleArn),
      })
    }
  }
}
