export { type CustomerCost, type Estimate, estimate, type StageCosts, stageCosts } from './estimate.ts'
export {
  type Comparison,
  compareOptions,
  type EgressOptions,
  type Impossible,
  type Options,
  type PollingOption,
} from './options.ts'
