export { Conditions } from './conditions.ts'
export { functionOf, isMap, type Json, type JsonMap, scalarText } from './json.ts'
export { readSections, readTemplate, renameResources, type Template } from './template.ts'
