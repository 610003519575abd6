export { applyPlan } from './apply.ts'
export { planOf, planText, readPlan } from './plan.ts'
