export { compilePattern, PatternFault } from './rules/event-pattern.ts'
