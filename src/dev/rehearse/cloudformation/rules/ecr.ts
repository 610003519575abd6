import { isTrue, type Rule, type ServiceRules, shaped } from './rule.ts'

const creation = 'https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html'
const template = 'https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecr-repository.html'

const empty: Rule = {
  source: template,
  refuse: ({ id, properties }, { facts }) =>
    (facts.images.get(id)?.size ?? 0) > 0 && !isTrue(properties, 'EmptyOnDelete')
      ? `The repository with name '${id}' cannot be deleted because it still contains images`
      : undefined,
}

export const ecr: ServiceRules = {
  'AWS::ECR::Repository': {
    name: 'RepositoryName',
    replaces: ['EncryptionConfiguration', 'RepositoryName'],
    valid: [shaped('RepositoryName', /^(?=.{2,256}$)(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/, creation)],
    remove: [empty],
  },
}
