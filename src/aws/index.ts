export { deniedIn } from './denied.ts'
export { type AwsPlace, clientOptions } from './place.ts'
export { awsProblem } from './problems.ts'
export { type SigningCredentials, signedPost } from './signed.ts'
