import type { components } from '@/api/schema'

/** Totals of a node since it was made. */
export interface Figures {
  health: 'ok' | 'failing' | 'restarting'
  batches_in: number
  items_in: number
  items_out: number
  bytes_in: number
  errors: number
  restarts: number
  quarantined: number
  drops: Record<string, number>
  buffer: number
  inside: number
  waits: number
  busy_seconds: number
}
export type GraphNode = Omit<components['schemas']['GraphNode'], 'figures'> & { figures: Figures | null }

/** What a node does now, from two looks at it. */
export interface Rates {
  /** Items a second. */
  in: number
  out: number
  dropped: number
  errors: number
  /** Times a second that a sender had to wait for room here. */
  waits: number
  /** Threads at work, on average. */
  busy: number
}

const NONE: Rates = { in: 0, out: 0, dropped: 0, errors: 0, waits: 0, busy: 0 }

export const sum = (values: Record<string, number>) => Object.values(values).reduce((a, b) => a + b, 0)

/** Nothing moves before the second look, nor in a node that was made anew in between (its totals began again). */
export function ratesBetween(before: Figures | null | undefined, after: Figures | null, seconds: number): Rates {
  if (!before || !after || seconds <= 0 || after.items_in < before.items_in) return NONE
  const per = (a: number, b: number) => Math.max(0, (b - a) / seconds)
  return {
    in: per(before.items_in, after.items_in),
    out: per(before.items_out, after.items_out),
    dropped: per(sum(before.drops), sum(after.drops)),
    errors: per(before.errors, after.errors),
    waits: per(before.waits, after.waits),
    busy: per(before.busy_seconds, after.busy_seconds),
  }
}

/** "12.3k" a second, "0.4", "–" for nothing. */
export function rateText(rate: number): string {
  if (rate === 0) return '–'
  if (rate < 10) return rate.toFixed(1)
  if (rate < 10_000) return String(Math.round(rate))
  return `${(rate / 1000).toFixed(1)}k`
}
