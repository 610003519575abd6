import { describe, expect, test } from 'vitest'
import { audit } from '../../../src/operations/audit/audit.ts'
import {
  accountOf,
  accountRoot,
  allow,
  deny,
  group,
  groupArn,
  now,
  policy,
  policyArn,
  role,
  roleArn,
  service,
  trusting,
  user,
  userArn,
} from './build.ts'

type Parts = readonly ReturnType<typeof user>[]
const everything = allow('*')

async function pathOf(name: string, parts: Parts) {
  const { principals, missing } = await audit(accountOf(...parts), now)
  const found = principals.find(({ arn }) => arn.endsWith(`/${name}`))
  return {
    verdict: found?.escalation.verdict,
    words: found?.escalation.paths[0]?.steps.map((step) => step.words).join(' | ') ?? '',
    missing,
  }
}

describe('a principal that changes a second one and then acts as it', () => {
  const scenes: readonly (readonly [what: string, who: string, parts: Parts, verdict: string, words: RegExp])[] = [
    [
      'puts a user into a group, and makes a key for the user',
      'low',
      [
        user('bob'),
        group('admins', [everything]),
        role('low', trusting(accountRoot), [
          allow('iam:AddUserToGroup', groupArn('admins')),
          allow('iam:CreateAccessKey', userArn('bob')),
        ]),
      ],
      'proven',
      /bob: join the group admins, then create an access key for bob/,
    ],
    [
      'may make no key for the user',
      'low',
      [user('bob'), group('admins', [everything]), role('low', trusting(accountRoot), [allow('iam:AddUserToGroup')])],
      'none',
      /^$/,
    ],
    [
      'lifts the boundary of a role that it may assume',
      'mal',
      [
        user('mal', [allow('iam:DeleteRolePermissionsBoundary', roleArn('high')), allow('sts:AssumeRole', roleArn('high'))]),
        role('high', trusting(accountRoot), [everything], { boundary: policyArn('fence') }),
        policy('fence', [allow('s3:*')]),
      ],
      'proven',
      /high: remove high's permissions boundary, then assume high/,
    ],
    [
      'takes a Deny off a user, and makes a key for the user',
      'mal',
      [
        user('mal', [allow(['iam:DetachUserPolicy', 'iam:CreateAccessKey'], userArn('bob'))]),
        user('bob', [everything], { policies: [policyArn('guard')] }),
        policy('guard', [deny('*')]),
      ],
      'proven',
      /bob: detach bob's policy guard, then create an access key for bob/,
    ],
    [
      'joins a group that may assume an administrator',
      'mal',
      [
        user('mal', [allow('iam:AddUserToGroup', groupArn('ops'))]),
        group('ops', [allow('sts:AssumeRole', roleArn('top'))]),
        role('top', trusting(accountRoot), [everything]),
      ],
      'proven',
      /join the group ops, then assume top/,
    ],
    [
      'leads on to those who can act as it',
      'far',
      [
        user('far', [allow('sts:AssumeRole', roleArn('low'))]),
        user('bob'),
        group('admins', [everything]),
        role('low', trusting(accountRoot), [allow(['iam:AddUserToGroup', 'iam:CreateAccessKey'])]),
      ],
      'proven',
      /assume low .*\| .*join the group admins/,
    ],
    [
      'depends on something that runs',
      'mal',
      [
        user('mal', [allow(['lambda:UpdateFunctionCode', 'lambda:InvokeFunction']), allow('iam:DeleteRolePermissionsBoundary')]),
        role('high', service('lambda'), [everything], { boundary: policyArn('fence') }),
        policy('fence', [allow('s3:*')]),
      ],
      'conditional',
      /high: remove high's permissions boundary, then use a Lambda function/,
    ],
  ]
  test.each(scenes)('%s', async (_what, who, parts, verdict, words) => {
    const found = await pathOf(who, parts)
    expect(found.verdict).toBe(verdict)
    expect(found.words).toMatch(words)
  })

  test('no number of groups hides the one that matters', async () => {
    // Each group that can be joined doubles the states: 2^14 of them are more than are looked at one by one.
    const names = Array.from({ length: 14 }, (_, at) => `g${at}`)
    const found = await pathOf('mal', [
      user('mal', [allow('iam:AddUserToGroup')]),
      ...names.map((name, at) =>
        group(name, at === 13 ? [allow('iam:PutUserPolicy')] : [allow('iam:PassRole', roleArn(`r${at}`))]),
      ),
    ])
    expect(found.verdict).toBe('proven')
    const deep = await pathOf('mal', [
      user('mal', [allow('iam:AddUserToGroup', groupArn('g0'))]),
      ...names.map((name, at) =>
        group(name, [
          allow('iam:AddUserToGroup', groupArn(`g${at + 1}`)),
          allow('iam:AddUserToGroup', groupArn(`g${(at * 5) % 14}`)),
        ]),
      ),
      group('g14', [everything]),
    ])
    expect(deep.verdict).toBe('proven')
    expect(deep.missing).toEqual([])
  })
})
