import { createHash } from 'node:crypto'
import { cp, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '../../../domain/problem.ts'

/** The tasks of the templates run on ARM. The Dockerfile runs no command, so any machine can build for it. */
export const platform = 'linux/arm64'
export const architecture = 'arm64'

const dockerfile = join('templates', 'Dockerfile')
const bundles = join('dist', 'container')

/** What the image of an installation is built from. */
export interface ImageSource {
  /** The installation folder of apigw. */
  readonly root: string
  /** The SHA-256 of all that goes into the image, which names it in the repository. */
  readonly tag: string
}

/** A parameter `Image` that says that the image of the installation is meant. */
export const ownImage = 'IMAGE'

async function filesOf(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
  } catch (cause) {
    throw new Problem('input-missing', `${folder} does not exist.`, { next: 'npm run build', cause })
  }
}

/**
 * The image of an installation, by its content: the Dockerfile, which pins its base, and the bundles.
 * @throws Problem `input-missing` without a build
 */
export async function imageSource(root: string): Promise<ImageSource> {
  const hash = createHash('sha256').update(platform)
  for (const file of [join(root, dockerfile), ...(await filesOf(join(root, bundles)))]) {
    const bytes = await readFile(file)
    hash.update(`\0${file.slice(root.length)}\0${bytes.length}\0`).update(bytes)
  }
  return { root, tag: hash.digest('hex') }
}

/** Copies what the Dockerfile needs, and nothing else of the installation, into an empty folder. */
export async function writeContext({ root }: ImageSource, folder: string): Promise<void> {
  await mkdir(join(folder, 'dist'))
  await cp(join(root, dockerfile), join(folder, 'Dockerfile'))
  await cp(join(root, bundles), join(folder, bundles), { recursive: true })
}

/** The Dockerfile of the installation, for a build by hand. */
export const dockerfileOf = ({ root }: ImageSource): string => join(root, dockerfile)
