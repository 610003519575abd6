import { runProgram } from './child.ts'
import { platform } from './source.ts'

/** A program that builds and pushes images, and the arguments that it takes. */
export interface Engine {
  readonly name: string
  /** Ends with 0 if the program works. A client whose engine does not run ends with another code. */
  readonly probe: readonly string[]
  build(image: string, context: string): readonly string[]
  /** Writes the architecture of a built image. */
  inspect(image: string): readonly string[]
  /** Reads the password from standard input. */
  login(registry: string, authFile: string): readonly string[]
  /** Pushes a built image, in one or two commands. */
  push(image: string, remote: string, authFile: string): readonly (readonly string[])[]
  /** Removes the login, if it is not in the file. */
  logout?(registry: string): readonly string[]
}

const user = ['--username', 'AWS', '--password-stdin'] as const

const docker: Engine = {
  name: 'docker',
  probe: ['version', '--format', '{{.Server.Version}}'],
  build: (image, context) => ['build', '--platform', platform, '--tag', image, '--file', `${context}/Dockerfile`, context],
  inspect: (image) => ['image', 'inspect', '--format', '{{.Architecture}}', image],
  // docker has no file for one login alone: a folder of its own (--config) has neither the user's contexts nor the plugins.
  login: (registry) => ['login', ...user, registry],
  push: (image, remote) => [
    ['tag', image, remote],
    ['push', remote],
  ],
  logout: (registry) => ['logout', registry],
}

// The format of Docker keeps the health check, which the format of OCI does not have.
const ofDocker = ['--format', 'docker'] as const

const podman: Engine = {
  name: 'podman',
  probe: ['info', '--format', '{{.Host.Arch}}'],
  build: (image, context) => [
    ...['build', ...ofDocker, '--platform', platform, '--tag', image],
    ...['--file', `${context}/Dockerfile`, context],
  ],
  inspect: (image) => ['image', 'inspect', '--format', '{{.Architecture}}', image],
  login: (registry, authFile) => ['login', '--authfile', authFile, ...user, registry],
  push: (image, remote, authFile) => [['push', '--authfile', authFile, image, remote]],
}

const buildah: Engine = {
  ...podman,
  name: 'buildah',
  probe: ['info'],
  inspect: (image) => ['inspect', '--type', 'image', '--format', '{{.OCIv1.Architecture}}', image],
  push: (image, remote, authFile) => [['push', '--authfile', authFile, image, `docker://${remote}`]],
}

const engines: readonly Engine[] = [docker, podman, buildah]

const probeMs = 10_000

/** The first engine of this machine that works: a client without an engine does not. All are asked at once, within ten seconds. */
export async function findEngine(signal: AbortSignal | undefined): Promise<Engine | undefined> {
  const ended = await Promise.all(engines.map(({ name, probe }) => runProgram(name, probe, { signal, limitMs: probeMs })))
  return engines.find((_engine, at) => ended[at]?.code === 0)
}

/** The variables of a build. Without them BuildKit adds a manifest about the build, and the tag names a list of two. */
export const buildVariables = { BUILDX_NO_DEFAULT_ATTESTATIONS: '1' } as const
