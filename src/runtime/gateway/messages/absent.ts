import { Problem } from '../../../domain/problem.ts'
import type { Ledger, Media } from '../../ports/index.ts'

async function failWithoutLedger(): Promise<never> {
  throw new Problem('ledger-unavailable', 'This gateway has no ledger of messages and reports.')
}

async function failWithoutMedia(): Promise<never> {
  throw new Problem('media-unavailable', 'This gateway does not store images.')
}

/** The ledger of a gateway that was started without one. Every read and write throws Problem `ledger-unavailable`. */
export const absentLedger: Ledger = {
  prepare: failWithoutLedger,
  decisions: {
    decide: failWithoutLedger,
    standings: failWithoutLedger,
    reportCancelled: failWithoutLedger,
    owe: failWithoutLedger,
    owed: failWithoutLedger,
    settle: failWithoutLedger,
  },
  erasures: {
    open: failWithoutLedger,
    find: failWithoutLedger,
    save: failWithoutLedger,
    finish: failWithoutLedger,
    done: failWithoutLedger,
    addOwners: failWithoutLedger,
    owners: failWithoutLedger,
    entries: failWithoutLedger,
    forget: failWithoutLedger,
  },
  queued: failWithoutLedger,
  append: failWithoutLedger,
  standings: failWithoutLedger,
  message: failWithoutLedger,
  find: failWithoutLedger,
  reports: failWithoutLedger,
  ended: failWithoutLedger,
  cursorAt: failWithoutLedger,
  addEvent: failWithoutLedger,
  addNotice: failWithoutLedger,
  callbackOrigins: failWithoutLedger,
  suppressed: failWithoutLedger,
  suppress: failWithoutLedger,
  unsuppress: failWithoutLedger,
  eraseSuppression: failWithoutLedger,
  suppressions: failWithoutLedger,
  close: () => undefined,
}

/** The image store of a gateway that was started without one. Every read and write throws Problem `media-unavailable`. */
export const absentMedia: Media = {
  put: failWithoutMedia,
  find: failWithoutMedia,
  close: () => undefined,
}
