export { everyUsage, usageColumns, usageCsv } from './export.ts'
export { periodBetween } from './period.ts'
export { readUsage } from './read.ts'
export { type CustomerUsage, groupings, type ShownUsage, showUsage, topUsage } from './show.ts'
