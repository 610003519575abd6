import { Problem } from '../domain/problem.ts'

/** What a file that cannot be written comes to. @throws Problem `input-invalid`, or the reader's own */
export function unwritable(path: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof Problem) throw error
    throw new Problem('input-invalid', `Cannot write ${path}.`, {
      next: 'give the path of a file that does not exist',
      cause: error,
    })
  }
}
