import { inject } from 'vitest'
import { registryContract } from './contract.ts'
import { dynamoEngine } from './dynamo.ts'
import { redisEngine, sqliteEngine } from './fixtures.ts'
import { remoteEngine } from './remote/engine.ts'

registryContract('SQLite', sqliteEngine)
registryContract('Redis', () => redisEngine(inject('redis')))
registryContract('Redis Cluster', () => redisEngine(inject('redisCluster')))
registryContract('Redis behind a Lambda function', () => remoteEngine(inject('redis')))
registryContract('DynamoDB', dynamoEngine)
