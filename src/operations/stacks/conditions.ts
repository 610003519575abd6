import { Conditions } from '../cloudformation/index.ts'
import { templateFrom, templateResources } from './template.ts'

/** What a template makes with some parameters, by name; what cannot be decided here is taken to be made. */
export function resourcesMade(body: string, parameters: Readonly<Record<string, string>>) {
  const conditions = new Conditions(templateFrom(body), parameters)
  return templateResources(body).filter(({ condition }) => condition === undefined || conditions.holds(condition) !== false)
}
