import { Problem } from '../../../../domain/problem.ts'
import { quantity } from '../../../../domain/quantity.ts'
import type { Regions, Workload, WorkloadKind } from '../../account/account.ts'
import { LimitReached } from './limits.ts'
import { type ResourceReader, resourceReaders } from './readers.ts'
import { hasNoHost, type ReadContext, RegionReader } from './region.ts'
import { itemsOf, textIn } from './xml.ts'

/** What was read of other services. */
export interface LiveResources {
  readonly workloads: readonly Workload[]
  readonly workloadKinds: readonly WorkloadKind[]
  readonly regions: Regions
  /** What was not read, where, and why. */
  readonly missing: readonly string[]
}

const regionsAction = 'ec2:DescribeRegions'
/** Tasks at once. Two readers of one region ask different services, whose limits are separate. */
const atOnce = 8
/** AWS has fewer; a list that is longer is not one of AWS. */
const maxRegions = 60

interface Failure {
  readonly reader: ResourceReader
  readonly region: string
  readonly why: string
}

/** The regions to read: those that are named, or every one that the account has enabled. */
async function regionsOf(
  context: ReadContext,
  named: readonly string[],
  home: string,
): Promise<{ regions: Regions; isWhole: boolean; missing: string[] }> {
  try {
    // Only the regions that are enabled, unless AllRegions is set
    // (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html).
    const answer = await new RegionReader(home, context).ec2(regionsAction, { AllRegions: 'true' })
    const all = itemsOf(answer, 'regionInfo').slice(0, maxRegions)
    const isEnabled = (item: (typeof all)[number]): boolean => textIn(item, 'optInStatus') !== 'not-opted-in'
    const names = (items: typeof all): string[] => items.map((item) => textIn(item, 'regionName')).filter((name) => name !== '')
    const enabled = names(all.filter(isEnabled)).toSorted()
    const notEnabled = names(all.filter((item) => !isEnabled(item))).toSorted()
    const read = named.length > 0 ? named : enabled
    const leftOut = enabled.filter((name) => !read.includes(name))
    return { regions: { read, notEnabled, leftOut }, isWhole: leftOut.length === 0 && enabled.length > 0, missing: [] }
  } catch (error) {
    const read = named.length > 0 ? named : [home]
    const missing = [`the list of regions (${regionsAction}): ${reasonOf(error)} Only ${read.join(', ')} was read.`]
    return { regions: { read, notEnabled: [], leftOut: [] }, isWhole: false, missing }
  }
}

/** @throws what is neither of AWS nor a limit: a defect */
function reasonOf(error: unknown): string {
  if (error instanceof Problem) return error.message
  if (error instanceof LimitReached) return `${error.message}.`
  throw error
}

function placesText(regions: readonly string[]): string {
  return regions.length === 1 ? `in ${regions[0]}` : `in ${quantity(regions.length, 'region')} (${regions.join(', ')})`
}

/** One line for the same failure in many regions. */
function linesOf(failures: readonly Failure[]): string[] {
  const groups = Map.groupBy(failures, ({ reader, region, why }) => `${reader.what}|${why.replaceAll(region, '')}`)
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const regions = group.map(({ region }) => region).toSorted()
    return [`${first.reader.what} ${placesText(regions)} (${first.reader.actions[0]}): ${first.why}`]
  })
}

/**
 * Reads the resources of other services on which escalation paths depend, in each region. A service that is denied, or not
 * reached, is named in `missing` and the others are read: what is not known stays conditional.
 * @param named the regions to read; none: every region that the account has enabled
 * @param home where the list of regions is asked
 */
export async function readResources(context: ReadContext, named: readonly string[], home: string): Promise<LiveResources> {
  const { regions, isWhole, missing } = await regionsOf(context, named, home)
  // Interleaved, so that neighbours in the queue are of different regions.
  const waiting = resourceReaders.flatMap((reader) => regions.read.map((region) => ({ reader, region }))).reverse()
  const workloads: Workload[] = []
  const failures: (Failure & { readonly absent: boolean })[] = []
  const answered = new Set<string>()
  const work = async (): Promise<void> => {
    for (let task = waiting.pop(); task !== undefined; task = waiting.pop()) {
      const { reader, region } = task
      const reading = new RegionReader(region, context)
      try {
        await reader.read(reading)
        answered.add(region)
      } catch (error) {
        failures.push({ reader, region, why: reasonOf(error), absent: hasNoHost(error) })
      }
      // What was read before a failure is there.
      workloads.push(...reading.found)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  // A service has no host in a region that does not have it. If no service answered there, the network is at fault.
  const real = failures.filter(({ absent, region }) => !absent || !answered.has(region))
  const failed = new Set(real.flatMap(({ reader }) => reader.kinds))
  return {
    workloads,
    workloadKinds: isWhole ? resourceReaders.flatMap(({ kinds }) => kinds.filter((kind) => !failed.has(kind))) : [],
    regions,
    missing: [...missing, ...linesOf(real)],
  }
}
