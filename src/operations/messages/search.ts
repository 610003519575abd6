import { windowOf } from '../../domain/calendar.ts'
import { refPattern } from '../../domain/message.ts'
import { Problem } from '../../domain/problem.ts'
import { recipientHash, recipientKeys } from '../../domain/recipient-hash.ts'
import type { Status } from '../../domain/report.ts'
import type { MasterKeys } from '../../domain/seal.ts'
import type { MessageQuery, Owner } from '../../runtime/ports/index.ts'

/** What an operator searches for. */
interface Search {
  readonly ref?: string | undefined
  /** E.164. */
  readonly to?: string | undefined
  /** `2026-11-23`, in the customer's time zone. */
  readonly day?: string | undefined
  readonly status?: Status | undefined
}

function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.slice(0, 10) === text
}

/** @throws Problem `input-invalid` */
function checkSearch({ ref, to, day }: Search): void {
  if (ref === undefined && to === undefined && day === undefined) {
    throw new Problem('input-missing', 'A search needs at least one of --ref, --to and --day.', { next: 'add --day 2026-11-23' })
  }
  if (ref !== undefined && !refPattern.test(ref)) {
    throw new Problem('input-invalid', 'A ref has 1 to 64 visible ASCII characters.')
  }
  if (day !== undefined && !isDay(day)) throw new Problem('input-invalid', `"${day}" is not a day such as 2026-11-23.`)
}

/**
 * A search as the ledger reads it.
 * @param masterKeys recipients are found by hashes with keys of the master keys
 * @throws Problem `input-missing`, `input-invalid`, `master-key-missing`
 */
export function searchOf(owner: Owner, zone: string, search: Search, masterKeys: MasterKeys | undefined): MessageQuery {
  checkSearch(search)
  const { ref, to, day, status } = search
  if (to !== undefined && masterKeys === undefined) {
    throw new Problem('master-key-missing', 'The ledger has no telephone numbers, only hashes with a key of the master key.', {
      next: 'set APIGW_MASTER_KEY_SECRET or masterKeySecret in apigw.yaml, or search with --ref or --day',
    })
  }
  const keys = masterKeys === undefined ? [] : recipientKeys(masterKeys).all
  const window = day === undefined ? undefined : windowOf(zone, day)
  return {
    ...(ref !== undefined && { ref }),
    ...(to !== undefined && { recipients: keys.map((key) => recipientHash(key, owner, to)) }),
    ...(window !== undefined && { from: window.start, until: window.end }),
    ...(status !== undefined && { statuses: [status] }),
  }
}
