export const RANGES = [
  { value: '1h', label: 'Last hour', seconds: 3600 },
  { value: '24h', label: 'Last 24 hours', seconds: 86_400 },
  { value: '7d', label: 'Last 7 days', seconds: 7 * 86_400 },
  { value: '14d', label: 'Last 14 days', seconds: 14 * 86_400 },
  { value: '30d', label: 'Last 30 days', seconds: 30 * 86_400 },
  { value: '90d', label: 'Last 90 days', seconds: 90 * 86_400 },
]

export interface TimeRange {
  from: string
  to?: string
}

/** "24h", or "from~to" as chosen in a chart: what the API is asked for. */
export function rangeOf(text: string, now: number): TimeRange {
  const [from, to] = text.split('~')
  if (from && to && !Number.isNaN(Date.parse(from)) && !Number.isNaN(Date.parse(to))) return { from, to }
  const seconds = RANGES.find((one) => one.value === text)?.seconds ?? 86_400
  return { from: new Date(now - seconds * 1000).toISOString() }
}

export function rangeText(from: number, to: number): string {
  return `${new Date(from).toISOString()}~${new Date(to).toISOString()}`
}

const short = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' })

export function rangeLabel(text: string): string {
  const [from, to] = text.split('~')
  if (from && to) return `${short.format(new Date(from))} – ${short.format(new Date(to))}`
  return RANGES.find((one) => one.value === text)?.label ?? text
}
