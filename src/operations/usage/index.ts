export { everyUsage, usageColumns, usageCsv } from './export.ts'
export { type Period, periodBetween } from './period.ts'
export { readHours, readUsage } from './read.ts'
export { type CustomerUsage, groupings, type ShownUsage, showUsage, topUsage } from './show.ts'
