export { type BackupSummary, backupLines, checkBackup } from './backup.ts'
export { checkCopy, copyRegistry, countRegistry } from './copy.ts'
export { restoreRegistry } from './restore.ts'
export { thawRegistry } from './thaw.ts'
