import type { Place } from '../template/resource.ts'
import { type ChangeSet, type ChangeSetRequest, checkedTemplate, checkType } from './change-sets.ts'
import { desiredState } from './desired.ts'
import { importers } from './exports.ts'
import { stackIdNumber } from './identifiers.ts'
import { copyOfFacts, type Facts, Inventory, noFacts } from './inventory.ts'
import { createStack, deleteStack, importStack, rollBackStack, undoUpdate, updateStack } from './operations.ts'
import { freshAccount, type Quotas } from './quotas.ts'
import { Refusal } from './refusal.ts'
import { Resolver, stackIdOf } from './resolver.ts'
import type { World } from './rules/rule.ts'
import { isInProgress, type Stack, stackInReview, stackType, updatable } from './stack.ts'
import type { Steps, Work } from './work.ts'

export interface AccountOptions extends Place {
  readonly quotas?: Quotas
  /** Which of the resources that do not depend on each other come first: those at the beginning of the template, or at its end. */
  readonly prefer?: 'first' | 'last'
  readonly resolver?: Resolver
  readonly facts?: Facts
}

/** Options of ExecuteChangeSet. */
export interface ExecuteOptions {
  readonly retainExceptOnCreate?: boolean
  readonly disableRollback?: boolean
}

/** How long one event of a stack takes. The clock of the account is not that of the machine. */
const msAnEvent = 1_000
const start = Date.UTC(2026, 0, 1)

/**
 * CloudFormation of one account and region, as it is documented. It changes nothing outside itself. An operation makes
 * one event with each `advance`.
 */
export class Account {
  readonly place: Place
  readonly quotas: Quotas
  readonly facts: Facts
  inventory = new Inventory()
  /** Resource types whose rules are not written down. They are created without a check. */
  readonly unchecked = new Set<string>()
  readonly #prefer: 'first' | 'last'
  readonly #resolver: Resolver
  #stacks: Stack[] = []
  readonly #changeSets = new Map<string, ChangeSet>()
  readonly #running = new Map<string, Steps>()
  #clock = start
  #count = 0

  constructor({
    account,
    region,
    quotas = freshAccount,
    prefer = 'first',
    resolver = new Resolver(),
    facts = noFacts(),
  }: AccountOptions) {
    this.place = { account, region }
    this.quotas = quotas
    this.#prefer = prefer
    this.#resolver = resolver
    this.facts = facts
  }

  get now(): number {
    return this.#clock
  }

  /** Lets time pass. */
  pass(ms: number): void {
    this.#clock += ms
  }

  /** Stacks, deleted ones too, in the order of their creation. */
  get stacks(): readonly Stack[] {
    return this.#stacks
  }

  /** A stack by its ARN, or the stack that has a name now. */
  find(nameOrId: string): Stack | undefined {
    return this.#stacks.findLast(({ name, id, status }) => id === nameOrId || (name === nameOrId && status !== 'DELETE_COMPLETE'))
  }

  /** @throws Refusal */
  stack(nameOrId: string): Stack {
    const found = this.find(nameOrId)
    if (found === undefined) throw new Refusal(`Stack with id ${nameOrId} does not exist`)
    return found
  }

  /** @throws Refusal */
  createChangeSet(request: ChangeSetRequest): ChangeSet {
    const existing = this.find(request.stackName)
    checkType(request, existing)
    const template = checkedTemplate(request)
    const stack = existing ?? this.#newStack(request.stackName)
    const { desired, reason, unchecked } = desiredState({
      request,
      template,
      stack,
      resolver: this.#resolver,
      place: this.place,
      exports: Object.fromEntries(this.exports().map(({ name, value }) => [name, value])),
      number: this.#stacks.filter((one) => one.name === stack.name && one !== stack).length + 1,
      inventory: this.inventory,
    })
    for (const type of unchecked) this.unchecked.add(type)
    if (existing === undefined) this.#stacks.push(stack)
    this.#count += 1
    const { account, region } = this.place
    const id = `arn:aws:cloudformation:${region}:${account}:changeSet/${request.changeSetName}/${this.#count}`
    const status = reason === undefined ? 'CREATE_COMPLETE' : 'FAILED'
    const set: ChangeSet = { id, name: request.changeSetName, stackId: stack.id, type: request.type, status, reason, desired }
    this.#changeSets.set(id, set)
    return set
  }

  #newStack(name: string): Stack {
    if (this.#stacks.filter(({ status }) => status !== 'DELETE_COMPLETE').length >= this.quotas.stacks) {
      throw new Refusal(`Limit for stack has been exceeded`, 'LimitExceededException')
    }
    const [id] = stackIdNumber(stackIdOf(name, this.place), this.#incarnation(name) + 1)
    return stackInReview(name, id, this.#clock)
  }

  #incarnation(name: string): number {
    return this.#stacks.filter((one) => one.name === name).length
  }

  /** @throws Refusal */
  changeSet(nameOrId: string, stackName?: string): ChangeSet {
    const found =
      this.#changeSets.get(nameOrId) ??
      [...this.#changeSets.values()].find(
        ({ name, stackId }) => name === nameOrId && stackName !== undefined && this.find(stackName)?.id === stackId,
      )
    if (found === undefined) throw new Refusal(`ChangeSet [${nameOrId}] does not exist`, 'ChangeSetNotFound', 404)
    return found
  }

  changeSetsOf(stackId: string): ChangeSet[] {
    return [...this.#changeSets.values()].filter((set) => set.stackId === stackId)
  }

  deleteChangeSet(set: ChangeSet): void {
    this.#changeSets.delete(set.id)
  }

  /** Starts what a change set describes. Other change sets of the stack are gone then. @throws Refusal */
  execute(set: ChangeSet, token: string | undefined, options: ExecuteOptions = {}): void {
    const stack = this.stack(set.stackId)
    if (isInProgress(stack.status)) throw new Refusal(`Stack:${stack.id} is in ${stack.status} state and can not be updated.`)
    if (set.status !== 'CREATE_COMPLETE' || set.desired === undefined) {
      throw new Refusal(
        `ChangeSet [${set.id}] cannot be executed in its current status of [${set.status}]`,
        'InvalidChangeSetStatus',
      )
    }
    for (const other of this.changeSetsOf(stack.id)) this.#changeSets.delete(other.id)
    const work = this.#work(stack, token, options)
    const operations = { CREATE: createStack, UPDATE: updateStack, IMPORT: importStack }
    this.#begin(stack, operations[set.type](work, set.desired))
  }

  /** @throws Refusal */
  delete(stack: Stack, token: string | undefined, retained: ReadonlySet<string>): void {
    if (stack.terminationProtection) {
      throw new Refusal(`Stack [${stack.name}] cannot be deleted while TerminationProtection is enabled`)
    }
    if (stack.status === 'DELETE_COMPLETE' || stack.status === 'DELETE_IN_PROGRESS') return
    if (isInProgress(stack.status)) throw new Refusal(`Stack [${stack.id}] cannot be deleted while in status ${stack.status}`)
    if (retained.size > 0 && stack.status !== 'DELETE_FAILED') {
      throw new Refusal('Retain resources are only allowed for stacks in the DELETE_FAILED state.')
    }
    if (stack.status === 'REVIEW_IN_PROGRESS') {
      this.#stacks = this.#stacks.filter((one) => one !== stack)
      for (const set of this.changeSetsOf(stack.id)) this.#changeSets.delete(set.id)
      return
    }
    this.#begin(stack, deleteStack(this.#work(stack, token), retained))
  }

  /** Resumes a rollback that failed. @throws Refusal */
  continueRollback(stack: Stack, token: string | undefined, skipped: ReadonlySet<string>): void {
    if (stack.status !== 'UPDATE_ROLLBACK_FAILED') {
      throw new Refusal(`Stack:${stack.id} is in ${stack.status} state and can not continue rolling back.`)
    }
    const work = this.#work(stack, token)
    work.sayOfStack('UPDATE_ROLLBACK_IN_PROGRESS', 'User Initiated')
    this.#begin(stack, undoUpdate(work, skipped))
  }

  /** Rolls back an operation that failed without a rollback. @throws Refusal */
  rollBack(stack: Stack, token: string | undefined): void {
    if (stack.status !== 'CREATE_FAILED' && stack.status !== 'UPDATE_FAILED') {
      throw new Refusal(`Stack:${stack.id} is in ${stack.status} state and can not be rolled back.`)
    }
    this.#begin(stack, rollBackStack(this.#work(stack, token)))
  }

  /** The stacks that import a value. */
  importersOf(name: string): string[] {
    return importers(name, this.#stacks)
  }

  /** Exports by name, with their stack. */
  exports(): { name: string; value: string; stackId: string }[] {
    return this.#stacks.flatMap(({ id, exports }) =>
      Object.entries(exports).map(([name, value]) => ({ name, value, stackId: id })),
    )
  }

  #begin(stack: Stack, steps: Steps): void {
    this.#running.set(stack.id, steps)
    this.#step(stack.id, steps)
  }

  #step(id: string, steps: Steps): void {
    this.#clock += msAnEvent
    if (steps.next().done) this.#running.delete(id)
  }

  /** Lets each running operation make a number of events. */
  advance(events = 1): void {
    for (let count = 0; count < events && this.#running.size > 0; count++) {
      for (const [id, steps] of [...this.#running]) this.#step(id, steps)
    }
  }

  /** Lets all running operations end. */
  settle(): void {
    while (this.#running.size > 0) this.advance()
  }

  #world(): World {
    const { account, region } = this.place
    return { inventory: this.inventory, facts: this.facts, quotas: this.quotas, account, region, now: this.#clock }
  }

  #work(stack: Stack, token: string | undefined, options: ExecuteOptions = {}): Work {
    const say = (logicalId: string, physicalId: string, type: string, status: string, reason: string | undefined): void => {
      this.#count += 1
      stack.events.push({ id: `event-${this.#count}`, logicalId, physicalId, type, status, reason, token, at: this.#clock })
    }
    return {
      stack,
      inventory: this.inventory,
      retainExceptOnCreate: options.retainExceptOnCreate ?? false,
      disableRollback: options.disableRollback ?? false,
      prefer: this.#prefer,
      world: () => this.#world(),
      otherStacks: () => this.#stacks.filter((other) => other !== stack),
      sayOfStack: (status, reason) => {
        say(stack.name, stack.id, stackType, status, reason)
        stack.status = status
        stack.reason = reason
        if (!isInProgress(status) || updatable.has(status)) stack.changedAt = this.#clock
      },
      say: (resource, status, reason) => {
        say(resource.logicalId, resource.physicalId, resource.type, status, reason)
        stack.resources.set(resource.logicalId, { ...resource, status, reason })
      },
    }
  }

  /** A copy with the same stacks and resources, to try something else from the same state. @throws Error while an operation runs */
  copy(): Account {
    if (this.#running.size > 0) throw new Error('an operation is running')
    const facts = copyOfFacts(this.facts)
    const copy = new Account({ ...this.place, quotas: this.quotas, prefer: this.#prefer, resolver: this.#resolver, facts })
    copy.inventory = this.inventory.copy()
    copy.#stacks = this.#stacks.map((stack) => ({ ...stack, resources: new Map(stack.resources), events: [...stack.events] }))
    copy.#clock = this.#clock
    copy.#count = this.#count
    for (const type of this.unchecked) copy.unchecked.add(type)
    return copy
  }
}
