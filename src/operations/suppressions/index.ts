export { maxNote, maxSource } from '../../runtime/ports/index.ts'
export { exportSuppressions } from './export.ts'
export { importSuppressions } from './import.ts'
export { readSuppressions } from './read-csv.ts'
