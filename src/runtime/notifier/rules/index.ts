export { deployedPatterns } from './deployed.ts'
export type { EventPattern } from './event-pattern.ts'
export { compileRules, type Match, type Ruleset } from './match.ts'
export { type Rule, ruleFormat, windowMs } from './rule.ts'
