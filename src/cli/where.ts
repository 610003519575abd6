import { Flags } from '@oclif/core'

export const whereFlag = Flags.string({
  multiple: true,
  env: 'APIGW_WHERE',
  helpValue: 'CONDITION',
  summary: 'only customers such as state=suspended, day>=100000, name~ltd (contains); repeatable, all must hold',
})
