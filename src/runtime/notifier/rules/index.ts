export { type DeployedPattern, deployedPatterns } from './deployed.ts'
export { ruleSource } from './faults.ts'
export { compileRules, type Held, type Match, type Matcher } from './match.ts'
export { type Rule, readRule, windowMs } from './rule.ts'
