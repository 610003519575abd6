export { quotaNeeds, type StageValues } from './needs.ts'
export { type Quota, readQuotas } from './read.ts'
