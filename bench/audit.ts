import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Bench, BenchOptions } from './lib/bench.ts'
import { median, print, printTable, whole } from './lib/report.ts'

const account = '123456789012'
const sizes = [200, 2_000, 20_000] as const

/** One of seven may pass roles, one of eleven may take any, one of two hundred is an administrator. */
function role(at: number): Record<string, unknown> {
  const allow = (Action: string | string[], Resource: string | string[], Condition?: unknown) => ({
    Effect: 'Allow',
    Action,
    Resource,
    ...(Condition !== undefined && { Condition }),
  })
  const passes = at % 7 === 0
  const last =
    at % 200 === 13
      ? allow('*', '*')
      : at % 11 === 0
        ? allow('sts:AssumeRole', `arn:aws:iam::${account}:role/*`)
        : {
            Effect: 'Deny',
            Action: ['iam:Delete*', 'kms:ScheduleKeyDeletion'],
            NotResource: `arn:aws:iam::${account}:role/team-${at}`,
          }
  const Statement = [
    allow(['s3:GetObject', 's3:PutObject', 's3:ListBucket'], [`arn:aws:s3:::team-${at}-data/*`, `arn:aws:s3:::team-${at}-data`]),
    allow(['sqs:SendMessage', 'sqs:Delete*'], `arn:aws:sqs:*:${account}:team-${at}-*`, {
      StringEquals: { 'aws:RequestedRegion': 'ap-northeast-2' },
    }),
    passes
      ? allow(['iam:PassRole', 'lambda:*'], [`arn:aws:iam::${account}:role/team-${at % 50}-*`, 'arn:aws:lambda:*:*:function:*'])
      : allow(['logs:*', 'cloudwatch:PutMetricData'], '*'),
    last,
  ]
  const Principal = at % 5 === 0 ? { AWS: `arn:aws:iam::${account}:root` } : { Service: 'lambda.amazonaws.com' }
  return {
    Arn: `arn:aws:iam::${account}:role/team-${at}-role`,
    RoleName: `team-${at}-role`,
    Path: '/',
    AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal }] },
    RolePolicyList: [{ PolicyName: 'team', PolicyDocument: { Version: '2012-10-17', Statement } }],
    AttachedManagedPolicies: [],
    InstanceProfileList: [],
  }
}

interface Cost {
  readonly cpuSeconds: number
  readonly megabytes: number
}

/** Runs the command in its own process, as a user would. CPU time and memory come from the kernel. */
function audited(path: string): Promise<Cost> {
  const bin = fileURLToPath(new URL('../bin/run.js', import.meta.url))
  const probe =
    'process.on("exit",()=>{const u=process.resourceUsage();process.stderr.write(JSON.stringify({cpu:(u.userCPUTime+u.systemCPUTime)/1e6,rss:u.maxRSS/1024}))})'
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(probe)}`, bin, 'audit', 'iam', '--input', path, '--json'],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    )
    let text = ''
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
    })
    child.on('error', reject)
    child.on('close', () => {
      const { cpu, rss } = JSON.parse(text.slice(text.lastIndexOf('{')))
      resolve({ cpuSeconds: cpu, megabytes: rss })
    })
  })
}

async function run({ rounds }: BenchOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'apigw-bench-'))
  try {
    const files = sizes.map((size) => {
      const path = join(folder, `${size}.json`)
      const text = JSON.stringify({
        UserDetailList: [],
        GroupDetailList: [],
        Policies: [],
        RoleDetailList: Array.from({ length: size }, (_, at) => role(at)),
      })
      writeFileSync(path, text)
      return { size, path, bytes: text.length, costs: [] as Cost[] }
    })
    for (let round = 0; round < Math.min(rounds, 3); round++) for (const file of files) file.costs.push(await audited(file.path))
    const [smallest] = files
    const cpuOf = ({ costs }: { costs: readonly Cost[] }): number => median(costs.map(({ cpuSeconds }) => cpuSeconds))
    printTable(
      ['roles, 4 statements each', 'MB of JSON', 'CPU s', 'peak MB', 'CPU over 200 roles'],
      files.map((file) => [
        whole(file.size),
        (file.bytes / 1e6).toFixed(1),
        cpuOf(file).toFixed(2),
        whole(median(file.costs.map(({ megabytes }) => megabytes))),
        smallest === undefined
          ? ''
          : `${(cpuOf(file) / cpuOf(smallest)).toFixed(1)} for ${file.size / smallest.size} times as many`,
      ]),
    )
    print(
      'Anchors, measured elsewhere: Cloudsplaining 15 s of CPU on 2,000 roles; PMapper not finished at 210 principals after 150 s.',
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const bench: Bench = { question: 'what does it cost to evaluate every principal of an account, and how does the cost grow?', run }
export default bench
