export { Eraser, type ErasureParts, look } from './look.ts'
