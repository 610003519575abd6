import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { digestOf, newSecret } from '../../../src/domain/credential.ts'
import { retiredMs } from '../../../src/domain/customer.ts'
import { Problem } from '../../../src/domain/problem.ts'
import type { Profile } from '../../../src/registry/index.ts'
import type { World } from '../contract.ts'
import { entryOf, freshId, noon, problemOf, profileOf, Tenant } from '../fixtures.ts'

const dayMs = 86_400_000

export function profilesContract({ tenant, registry, engine, clock }: World): void {
  const versionOf = async (id: string): Promise<string> => {
    const stored = await registry().profile(id)
    if (stored === undefined) throw new Error(`${id} does not exist`)
    return stored.version
  }

  describe('profiles', () => {
    test('a saved profile is read back unchanged', async () => {
      const id = freshId()
      const profile: Profile = profileOf(id, {
        customer: { id, name: '고객 "1" | {😀}', state: 'suspended', timeZone: 'America/New_York', createdAt: noon },
        quotas: { live: { rate: 0.3, burst: 2, day: 1 } },
      })
      await registry().save(profile, undefined, entryOf(id, 'added'))
      expect((await registry().profile(id))?.profile).toEqual(profile)
      expect(await registry().credential(id, 'k-test')).toEqual(profile.credentials[1])
      expect(await registry().credential(id, 'k-none')).toBeUndefined()
      expect(await registry().credential('stranger', 'k-test')).toBeUndefined()
      expect(await registry().profile('stranger')).toBeUndefined()
    })

    test('saving from an outdated version changes nothing, not even the audit log', async () => {
      const customer = await tenant()
      const old = await versionOf(customer.id)
      await customer.setQuota({ day: 7 })
      const before = await registry().profile(customer.id)
      for (const expected of [old, 'invented', undefined]) {
        expect(await registry().save(profileOf(customer.id, { routes: [] }), expected, entryOf(customer.id, 'lost'))).toBe(false)
      }
      expect(await registry().remove(customer.id, old, entryOf(customer.id, 'lost'))).toBe(false)
      expect(await registry().profile(customer.id)).toEqual(before)
      expect((await registry().history(customer.id, 10)).map(({ what }) => what)).toEqual(['changed', 'added'])
    })

    test('a customer that does not exist cannot be changed or removed', async () => {
      const id = freshId()
      expect(await registry().save(profileOf(id), 'some-version', entryOf(id, 'lost'))).toBe(false)
      expect(await registry().remove(id, 'some-version', entryOf(id, 'lost'))).toBe(false)
      expect(await registry().profile(id)).toBeUndefined()
      expect(await registry().history(id, 10)).toEqual([])
    })

    test('every save has its own version, even when nothing differs', async () => {
      const customer = await tenant()
      const versions = new Set([await versionOf(customer.id)])
      for (let round = 0; round < 3; round++) {
        await customer.change((profile) => profile)
        versions.add(await versionOf(customer.id))
      }
      expect(versions.size).toBe(4)
    })

    test('exactly one of many concurrent saves wins, and the log says whose', async () => {
      const customer = await tenant()
      const version = await versionOf(customer.id)
      const other = await engine().open(clock)
      const saved = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 === 0 ? registry() : other).save(
            profileOf(customer.id, { quotas: { live: { day: index + 1 } } }),
            version,
            entryOf(customer.id, `save ${index}`),
          ),
        ),
      )
      await other.close()
      expect(saved.filter(Boolean)).toHaveLength(1)
      const winner = saved.indexOf(true)
      expect((await registry().profile(customer.id))?.profile.quotas.live).toEqual({ day: winner + 1 })
      expect((await registry().history(customer.id, 10)).map(({ what }) => what)).toEqual([`save ${winner}`, 'added'])
    })

    test('exactly one of many concurrent additions of a customer wins', async () => {
      const id = freshId()
      const add = () => registry().save(profileOf(id), undefined, entryOf(id, 'added'))
      const added = await Promise.all(Array.from({ length: 10 }, add))
      expect(added.filter(Boolean)).toHaveLength(1)
    })

    test('a customer may have thousands of keys', async () => {
      const customer = await tenant()
      await customer.change((profile) => {
        const [first] = profile.credentials
        if (first === undefined) return profile
        return { ...profile, credentials: Array.from({ length: 3000 }, (_, index) => ({ ...first, keyId: `k-${index}` })) }
      })
      await customer.admitted({ keyId: 'k-2999' })
      await customer.refused('credentials-invalid', { keyId: 'k-live' })
    })

    test('the id of a removed customer is retired, and a new customer with that id reads nothing of the old one', async () => {
      const customer = await tenant({ quotas: { live: { rate: 1, burst: 5, day: 5 } } })
      const claim = { key: 'order-1', fingerprint: 'body-1' }
      const { reservation } = await customer.admitted({ units: 3, idempotency: claim })
      await customer.accept(reservation)
      expect(await registry().remove(customer.id, await versionOf(customer.id), entryOf(customer.id, 'removed'))).toBe(true)
      await customer.refused('credentials-invalid')
      expect(await registry().customers()).not.toContainEqual(expect.objectContaining({ id: customer.id }))

      const again = profileOf(customer.id, { quotas: { live: { rate: 1, burst: 5, day: 5 } } })
      const add = () => registry().save(again, undefined, entryOf(customer.id, 'added again'))
      const removedAt = clock.now
      for (const now of [removedAt, removedAt + 18 * dayMs, removedAt + retiredMs - 1]) {
        clock.now = now
        const problem = await problemOf(add())
        expect(problem).toMatchObject({ code: 'customer-id-retired', exit: 2, next: expect.stringContaining('customer add') })
        expect(problem.message).toContain(new Date(removedAt + retiredMs).toISOString().slice(0, 10))
      }
      expect(await registry().profile(customer.id)).toBeUndefined()
      await customer.refused('credentials-invalid')
      clock.now = removedAt + retiredMs
      expect(await add()).toBe(true)
      expect((await registry().history(customer.id, 10)).map(({ what }) => what)).toEqual(['added again', 'removed', 'added'])
    })

    test('no concurrent addition gets an id that is being removed', async () => {
      const customer = await tenant()
      const version = await versionOf(customer.id)
      const add = () =>
        registry()
          .save(profileOf(customer.id), undefined, entryOf(customer.id, 'added again'))
          .catch((error: unknown) => (error instanceof Problem ? error.code : error))
      const [removed, ...added] = await Promise.all([
        registry().remove(customer.id, version, entryOf(customer.id, 'removed')),
        ...Array.from({ length: 10 }, add),
      ])
      expect(removed).toBe(true)
      for (const outcome of added) expect([false, 'customer-id-retired']).toContain(outcome)
      expect(await registry().profile(customer.id)).toBeUndefined()
    })

    test('customers are listed by id', async () => {
      const stem = freshId()
      const ids = ['b', 'a-b', 'a', 'c', 'a1', 'b-'].map((end) => stem + end)
      for (const id of ids) await registry().save(profileOf(id), undefined, entryOf(id, 'added'))
      const listed = (await registry().customers()).map(({ id }) => id).filter((id) => id.startsWith(stem))
      expect(listed).toEqual(ids.toSorted())
    })

    test('the audit log is append-only and newest first, for one customer or for all', async () => {
      const one = await tenant()
      const two = await tenant()
      const writeAt = async (customer: Tenant, what: string, when: number): Promise<void> => {
        // Entries of two customers from the same millisecond can come in either order.
        await sleep(2)
        const stored = await registry().profile(customer.id)
        await registry().save(profileOf(customer.id), stored?.version, entryOf(customer.id, what, when))
      }
      // An operator whose clock is slow cannot insert an entry among the old ones.
      await writeAt(one, 'late clock', noon - 86_400_000)
      const future = Date.now() * 2
      await writeAt(two, 'two', future)
      await writeAt(one, 'one', future + 1)
      const written = [
        entryOf(one.id, 'one', future + 1),
        entryOf(one.id, 'late clock', noon - 86_400_000),
        entryOf(one.id, 'added'),
      ]
      expect(await registry().history(one.id, 10)).toEqual(written)
      expect(await registry().history(one.id, 1)).toEqual(written.slice(0, 1))
      // Tests in other files write to the same store meanwhile.
      const ofAll = (await registry().history(undefined, 10_000)).filter(({ customer }) => [one.id, two.id].includes(customer))
      expect(ofAll.slice(0, 3).map(({ what }) => what)).toEqual(['one', 'two', 'late clock'])
      expect(await registry().history(undefined, 2)).toHaveLength(2)
    })

    test('no part of a secret is stored', async () => {
      const secret = newSecret('live')
      const customer = await tenant()
      await customer.change((profile) => ({
        ...profile,
        credentials: profile.credentials.map((credential) => ({ ...credential, digest: digestOf(secret) })),
      }))
      await customer.admitted({ idempotency: { key: 'order', fingerprint: 'body' } })
      const everything = await engine().dump()
      expect(everything).toContain(digestOf(secret))
      expect(everything).not.toContain(secret)
      expect(everything).not.toContain(secret.slice(-49))
    })

    test('it describes itself', async () => {
      const { engine: name, version } = await registry().health()
      expect(name).toMatch(/^(sqlite|redis|valkey|dynamodb)$/)
      expect(version).toMatch(/^\d+[.-]\d+/)
    })

    test('a customer added through one gateway is visible to the next', async () => {
      const customer = await tenant()
      const other = await engine().open(clock)
      await new Tenant(other, customer.id).admitted({ units: 10 })
      await customer.refused('day-quota-exceeded')
      await other.close()
    })
  })
}
