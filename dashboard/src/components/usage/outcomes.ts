import type { components } from '@/api/schema'

export type OutcomeRow = components['schemas']['Outcomes']['data'][number]
type Outcome = OutcomeRow['outcome']

/** The order in which they are stacked and listed, and what they are called. */
export const OUTCOMES: { key: Outcome; label: string; colour: string }[] = [
  { key: 'accepted', label: 'Stored', colour: 'var(--ui-primary)' },
  { key: 'filtered', label: 'Filtered', colour: 'var(--ui-color-neutral-400)' },
  { key: 'sampled', label: 'Sampled out', colour: 'var(--ui-color-neutral-500)' },
  { key: 'rate_limited', label: 'Refused, too many', colour: 'var(--ui-color-warning-500)' },
  { key: 'invalid', label: 'Not valid', colour: 'var(--ui-color-error-500)' },
  { key: 'quarantined', label: 'In quarantine', colour: 'var(--ui-color-error-700)' },
  { key: 'discarded', label: 'Not kept', colour: 'var(--ui-color-neutral-600)' },
  { key: 'client_discard', label: 'Dropped by the program itself', colour: 'var(--ui-color-info-500)' },
]
export const labelOf = (key: string) => OUTCOMES.find((one) => one.key === key)?.label ?? key

const REASONS: Record<string, string> = {
  'filtered/web-crawlers': 'web crawlers',
  'filtered/browser-extensions': 'browser extensions',
  'filtered/legacy-browsers': 'very old browsers',
  'filtered/localhost': 'developers’ machines',
  'filtered/error-message': 'a message that is filtered',
  'filtered/release-version': 'a release that is filtered',
  'filtered/ip-address': 'a sender that is filtered',
  'filtered/discarded': 'an issue that was discarded',
  'rate_limited/rate_limited': 'above the limit of the key or project',
  'rate_limited/journal_full': 'the journal was full',
  'rate_limited/unavailable': 'the server could not take it',
  'discarded/not_supported': 'of a kind that is not kept',
  'invalid/duplicate': 'sent twice',
}
/** Why, in words; a reason that is not known stays as it is. */
export const reasonText = (outcome: string, reason: string) => REASONS[`${outcome}/${reason}`] ?? reason

export interface Bucket {
  start: number
  /** By outcome. */
  quantities: Map<string, number>
}

/** Sums in stretches of `step` ms from `from` to `to`; also those in which nothing was sent. */
export function bucketsOf(rows: OutcomeRow[], category: string, from: number, to: number, step: number): Bucket[] {
  const first = Math.floor(from / step) * step
  const buckets: Bucket[] = []
  for (let start = first; start < to; start += step) buckets.push({ start, quantities: new Map() })
  for (const row of rows) {
    if (row.category !== category) continue
    const bucket = buckets[Math.floor((Date.parse(row.hour) - first) / step)]
    bucket?.quantities.set(row.outcome, (bucket.quantities.get(row.outcome) ?? 0) + row.quantity)
  }
  return buckets
}

export interface Sum {
  outcome: string
  reason: string
  quantity: number
  /** Of all of the category. */
  share: number
}

/** By outcome and reason, in the order of OUTCOMES, largest reason first. */
export function sumsOf(rows: OutcomeRow[], category: string): Sum[] {
  const sums = new Map<string, Sum>()
  let total = 0
  for (const row of rows) {
    if (row.category !== category) continue
    const key = `${row.outcome}/${row.reason}`
    const one = sums.get(key) ?? { outcome: row.outcome, reason: row.reason, quantity: 0, share: 0 }
    one.quantity += row.quantity
    total += row.quantity
    sums.set(key, one)
  }
  const rank = (sum: Sum) => OUTCOMES.findIndex((one) => one.key === sum.outcome)
  return [...sums.values()]
    .map((one) => ({ ...one, share: total ? one.quantity / total : 0 }))
    .sort((a, b) => rank(a) - rank(b) || b.quantity - a.quantity)
}

/** 1.2 GB, as disks are sold. */
export function bytesText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let i = 0
  let n = bytes
  while (n >= 1000 && i < units.length - 1) {
    n /= 1000
    i++
  }
  return `${i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[i]}`
}
