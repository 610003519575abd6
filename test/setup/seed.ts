import fc from 'fast-check'

/**
 * In CI the property tests take the same inputs in every run, so that a change fails by what it changed.
 * Elsewhere each run takes other inputs. FAST_CHECK_SEED repeats a run.
 */
const seed = process.env.FAST_CHECK_SEED ?? (process.env.CI === undefined ? undefined : '20261128')
if (seed !== undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed) })
