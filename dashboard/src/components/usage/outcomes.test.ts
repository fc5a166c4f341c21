import { expect, it } from 'vitest'
import { bucketsOf, bytesText, reasonText, sumsOf, type OutcomeRow } from './outcomes'

const hour = 3_600_000
const at = (n: number) => new Date(n * hour).toISOString()
const rows: OutcomeRow[] = [
  { hour: at(0), outcome: 'accepted', reason: '', category: 'error', quantity: 6 },
  { hour: at(1), outcome: 'accepted', reason: '', category: 'error', quantity: 2 },
  { hour: at(5), outcome: 'rate_limited', reason: 'journal_full', category: 'error', quantity: 1 },
  { hour: at(5), outcome: 'filtered', reason: 'web-crawlers', category: 'error', quantity: 1 },
  { hour: at(5), outcome: 'accepted', reason: '', category: 'feedback', quantity: 9 },
]

it('adds up in stretches, the empty ones too', () => {
  const buckets = bucketsOf(rows, 'error', 0, 8 * hour, 2 * hour)
  expect(buckets.map((one) => one.quantities.get('accepted') ?? 0)).toEqual([8, 0, 0, 0])
  expect(buckets[2]!.quantities.get('rate_limited')).toBe(1)
})

it('sums by outcome and reason; shares add up to one', () => {
  const sums = sumsOf(rows, 'error')
  expect(sums.map((one) => one.outcome)).toEqual(['accepted', 'filtered', 'rate_limited'])
  expect(sums[0]!.share).toBe(0.8)
  expect(sums.reduce((all, one) => all + one.share, 0)).toBeCloseTo(1)
  expect(reasonText('filtered', 'web-crawlers')).toBe('web crawlers')
  expect(reasonText('invalid', 'too_deep')).toBe('too_deep')
})

it('writes sizes shortly', () => {
  expect([0, 999, 1500, 13_002_144, 123_456_789_000].map(bytesText)).toEqual([
    '0 bytes',
    '999 bytes',
    '1.5 kB',
    '13.0 MB',
    '123 GB',
  ])
})
