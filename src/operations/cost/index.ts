export { type CustomerCost, type Estimate, estimate, stageCosts } from './estimate.ts'
export {
  type Comparison,
  compareOptions,
  type EgressOptions,
  type Impossible,
  type Options,
  type PollingOption,
} from './options.ts'
export { awsCostReader } from './reader.ts'
export { type ShownCost, showCost } from './show.ts'
export type { CostWarning } from './warnings.ts'
