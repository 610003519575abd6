import { Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { ownPrices, pricingFlags, stageFlags, statedTraffic, trafficFlags, triedSettings } from '../../cli/cost-flags.ts'
import { pricesOf } from '../../domain/aws-prices.ts'
import { trafficOf } from '../../domain/cost-traffic.ts'
import { Problem } from '../../domain/problem.ts'
import { compareOptions, estimate, stageCosts } from '../../operations/cost/index.ts'
import { estimateJson, estimateText, linesCsv } from '../../presenters/cost.ts'
import { optionsJson, optionsText } from '../../presenters/cost-options.ts'

export default class CostEstimate extends BaseCommand {
  static override summary = 'estimate what a month of traffic costs on AWS'
  static override description =
    'Takes the stage of apigw.yaml, or one that the flags describe, and needs no AWS account. What is not stated is assumed, rather too dear\nthan too cheap, and listed. A price that is unknown is named, and the sum is then "at least".'
  static override examples = [
    '<%= config.bin %> cost estimate --messages 1000000 --region ap-northeast-2 --size solo',
    '<%= config.bin %> cost estimate --stage prod --messages 20000000 --batch-share 0.9 --customers 40 --compare',
    '<%= config.bin %> cost estimate --traffic traffic.yaml --prices discount.yaml --explain',
    '<%= config.bin %> cost estimate --messages 1000000 --csv > cost.csv',
  ]
  static override flags = {
    ...trafficFlags,
    ...stageFlags,
    ...pricingFlags,
    compare: Flags.boolean({
      default: false,
      env: 'APIGW_COMPARE',
      summary: 'show options side by side, with the traffic at which they cost the same',
    }),
    csv: Flags.boolean({
      default: false,
      env: 'APIGW_CSV',
      exclusive: ['json', 'explain', 'compare'],
      summary: 'print the lines as CSV',
    }),
  }

  async run() {
    const { flags } = await this.parse(CostEstimate)
    const { stage: name, stageRegion, region: here, deploy } = this.settings(flags)
    const region = flags.region ?? stageRegion ?? here
    if (region === undefined) {
      throw new Problem('input-missing', 'No region is known, and prices differ by region.', {
        next: 'add --region REGION, or set the region of the stage in apigw.yaml',
      })
    }
    const traffic = trafficOf(statedTraffic(flags))
    const own = ownPrices(flags.prices, region)
    const stage = { name: name ?? 'stage', region, settings: triedSettings(deploy, flags) }
    const costs = await stageCosts(stage, this.config.root)
    const found = estimate(costs, { region, traffic, own, freeTier: flags['free-tier'] })
    if (flags.csv) {
      process.stdout.write(linesCsv(found.lines))
      return undefined
    }
    this.log(estimateText(found, flags.explain))
    if (!flags.compare) return { stage: name ?? null, ...estimateJson(found) }
    const pricing = { prices: pricesOf(region, own), freeTier: flags['free-tier'] }
    const options = await compareOptions(stage, this.config.root, costs, traffic, pricing)
    this.log(`\n${optionsText(options)}`)
    return { stage: name ?? null, ...estimateJson(found), options: optionsJson(options) }
  }
}
