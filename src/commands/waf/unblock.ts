import { readAsked, unblock } from '../../operations/waf/index.ts'
import { placeText, typedAddresses } from '../../presenters/waf.ts'
import { addressArgs, changeFlags, WafChangeCommand } from '../../presenters/waf-change.ts'

export default class WafUnblock extends WafChangeCommand {
  static override summary = 'take an address out of the block list and the allow list'
  static override examples = [
    '<%= config.bin %> waf unblock 203.0.113.7',
    '<%= config.bin %> waf unblock 203.0.113.0/24 2001:db8:7::/48 --dry-run',
  ]
  static override args = addressArgs
  static override flags = changeFlags

  async run() {
    const { args, flags } = await this.parse(WafUnblock)
    const asked = readAsked(await typedAddresses(args.address), false)
    return this.withChange(flags, async (change) => {
      const result = await unblock(change, asked.cidrs)
      const remarks = [...asked.remarks, ...result.remarks]
      for (const remark of remarks) this.note(remark)
      for (const place of result.removed) this.log(`${placeText(place)} is taken away.`)
      const { swept, failure } = await this.sweepAfter(change)
      const all = [...remarks, ...failure]
      return { webAcl: change.waf.acl.name, removed: result.removed, swept, remarks: all, dryRun: change.dryRun }
    })
  }
}
