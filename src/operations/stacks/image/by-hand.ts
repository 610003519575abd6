import { apigw, step } from '../../../domain/next-step.ts'
import { Problem } from '../../../domain/problem.ts'
import { repositoryOf } from './repository.ts'
import { dockerfileOf, type ImageSource, platform } from './source.ts'

/** A value as one word of a shell. */
const word = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

/** The commands that build and push the image, in order, for a machine with Docker. */
export function imageCommands(source: ImageSource, uri: string, registry: string, region: string): readonly string[] {
  const remote = `${uri}:${source.tag}`
  return [
    `aws ecr get-login-password --region ${region} | docker login --username AWS --password-stdin ${registry}`,
    `docker build --platform ${platform} --tag ${remote} --file ${word(dockerfileOf(source))} ${word(source.root)}`,
    `docker push ${remote}`,
  ]
}

/** The image is not in the repository, and this machine cannot build it. */
export function imageMissing(source: ImageSource, uri: string, stage: string): Problem {
  const { registry, region } = repositoryOf(uri)
  const commands = imageCommands(source, uri, registry, region).join(' && ')
  return new Problem(
    'image-missing',
    `${uri} does not have the image of this version, and no docker, podman or buildah works here to build it.`,
    {
      next: step`start one of them and run it again; or where docker works: ${commands}; then ${apigw('deploy', '--stage', stage)}`,
    },
  )
}
