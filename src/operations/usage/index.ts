export { everyUsage, usageColumns, usageCsv } from './export.ts'
export { type Period, periodBetween } from './period.ts'
export { readUsage, totalUsage } from './read.ts'
export { type CustomerUsage, type Grouping, groupings, type ShownUsage, showUsage, topUsage } from './show.ts'
