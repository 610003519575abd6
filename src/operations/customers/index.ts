export { defaultTimeZone } from '../../domain/calendar.ts'
export { nearest } from '../../domain/nearest.ts'
export { type Actor, storedProfile } from '../../registry/index.ts'
export type { Context } from './change.ts'
export { addCustomer, type NewCustomer, noteReading, removeCustomer, setCustomer } from './customers.ts'
export { explainCustomer, nextOf } from './explain.ts'
export { findHistory } from './history.ts'
export { type IssuedKey, issueKey, keysOf, revokeKey, rewrapKeys, rewrapTokenKeys, rotateKey, showKey } from './keys.ts'
export { type QuotaStatus, quotaStatus, setQuota } from './quotas.ts'
export { removeRoute, resolveRoute, routesOf, setRoute } from './routes.ts'
export { customerData, customerField, customerFields, customerValue, matching, sortedBy } from './select.ts'
export {
  addSender,
  applyPriceClass,
  priceClass,
  priceClasses,
  removePriceClass,
  removeSender,
  senderState,
  sendingOf,
  setPriceClass,
  setSender,
} from './sending.ts'
