import { addressArgs, changeFlags, WafChangeCommand } from '../../cli/waf-command.ts'
import { readAddresses } from '../../cli/waf-place.ts'
import { parseAddresses, unblock } from '../../operations/waf/index.ts'
import { placeText } from '../../presenters/waf.ts'

export default class WafUnblock extends WafChangeCommand {
  static override summary = 'remove an address from the block and allow lists'
  static override examples = [
    '<%= config.bin %> waf unblock 203.0.113.7',
    '<%= config.bin %> waf unblock 203.0.113.0/24 2001:db8:7::/48 --dry-run',
  ]
  static override args = addressArgs
  static override flags = changeFlags

  async run() {
    const { args, flags } = await this.parse(WafUnblock)
    const asked = parseAddresses(await readAddresses(args.address), false)
    return this.withChange(flags, async (change) => {
      const result = await unblock(change, asked.cidrs)
      const remarks = [...asked.remarks, ...result.remarks]
      for (const remark of remarks) this.note(remark)
      for (const place of result.removed) this.log(`Removed ${placeText(place)}.`)
      const { swept, failure } = await this.sweepAfter(change)
      const all = [...remarks, ...failure]
      return { webAcl: change.waf.acl.name, removed: result.removed, swept, remarks: all, dryRun: change.dryRun }
    })
  }
}
