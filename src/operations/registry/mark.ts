import * as z from 'zod'
import { randomId } from '../../domain/ids.ts'
import { Problem } from '../../domain/problem.ts'
import { type CopyableStore, type Freeze, freezeFrom } from '../../registry/index.ts'

/** The form of what is carried. A target that was begun in another form is begun again. */
const format = 2

const mark = z.looseObject({
  format: z.number(),
  /** The id of the registry that it is a copy of. */
  source: z.string(),
  /** The freeze of that registry during which it was copied. */
  freeze: z.string(),
  /** `copying`: it refuses calls. `complete`: it is in use. `void`: the source was thawed, and it refuses calls. */
  state: z.enum(['copying', 'complete', 'void']),
})
type Mark = z.infer<typeof mark>

/** What a registry says of being a copy. @throws Problem `registry-corrupt` */
export async function markOf(store: CopyableStore): Promise<Mark | undefined> {
  const text = await store.ownDocument('copy')
  if (text === undefined) return undefined
  const read = mark.safeParse(parsed(text))
  if (read.success) return read.data
  throw new Problem('registry-corrupt', `${store.address} has a mark of a copy that cannot be read.`, { next: 'update apigw' })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function putMark(store: CopyableStore, state: Mark['state'], source: string, freeze: string): Promise<void> {
  return store.putOwnDocument('copy', JSON.stringify({ format, source, freeze, state } satisfies Mark))
}

/** Whether it is a copy of that registry, as it was during this freeze. */
export function isCopyOf(found: Mark, source: string, freeze: string | undefined): boolean {
  return found.source === source && found.freeze === freeze
}

/** The same, in the form in which this version carries everything, so that what is there already can stay. */
export function isSameCopy(found: Mark, source: string, freeze: string | undefined): boolean {
  return found.format === format && isCopyOf(found, source, freeze)
}

export async function freezeOf(store: CopyableStore): Promise<Freeze | undefined> {
  const text = await store.ownDocument('frozen')
  return text === undefined ? undefined : freezeFrom(text)
}

/** The name of a registry in the marks of its copies. It is given once. */
export async function idOf(store: CopyableStore): Promise<string> {
  const known = await store.ownDocument('id')
  if (known !== undefined) return known
  const id = randomId()
  await store.putOwnDocument('id', id)
  return id
}
