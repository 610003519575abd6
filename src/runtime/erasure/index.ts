export { Eraser, type ErasureParts } from './look.ts'
