import type { AwsPlace } from '../../aws/index.ts'
import { type StackClients, stackClients } from '../stacks/index.ts'
import { globalRegion } from './names.ts'

/** Opens clients for the trail's region and for us-east-1, runs `work` and closes them. */
export async function inBothRegions<T>(
  place: AwsPlace,
  work: (here: StackClients, there: StackClients) => Promise<T>,
): Promise<T> {
  const here = await stackClients(place)
  const there = await stackClients({ ...place, region: globalRegion })
  try {
    return await work(here, there)
  } finally {
    here.close()
    there.close()
  }
}
