import { describe } from 'vitest'
import { engines } from '../../support/databases.ts'
import { heldContract } from './held-contract.ts'

describe.each(engines)('$engine', ({ create }) => heldContract(create))
