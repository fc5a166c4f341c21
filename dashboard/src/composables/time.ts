export { useClock } from './clock'

const UNITS: [Intl.RelativeTimeFormatUnit, number, string][] = [
  ['year', 31_557_600, 'y'],
  ['month', 2_629_800, 'mo'],
  ['day', 86_400, 'd'],
  ['hour', 3600, 'h'],
  ['minute', 60, 'min'],
  ['second', 1, 's'],
]

/** "4 min ago", short enough for a column. */
export function relativeTime(time: string | number | Date, now: number): string {
  const seconds = (now - new Date(time).getTime()) / 1000
  if (!Number.isFinite(seconds)) return ''
  if (Math.abs(seconds) < 5) return 'now'
  const [, size, mark] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? UNITS[UNITS.length - 1]!
  const text = `${Math.floor(Math.abs(seconds) / size)} ${mark}`
  return seconds > 0 ? `${text} ago` : `in ${text}`
}

const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
const zone = new Intl.DateTimeFormat(undefined, { timeZoneName: 'short' })

/** In the viewer's zone and language, with the zone's name. */
export function absoluteTime(time: string | number | Date): string {
  const date = new Date(time)
  if (Number.isNaN(date.getTime())) return ''
  const name = zone.formatToParts(date).find((part) => part.type === 'timeZoneName')?.value ?? ''
  return `${absolute.format(date)} ${name}`
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
const whole = new Intl.NumberFormat('en')

/** 12,345 → "12.3K"; whole below ten thousand. */
export function shortCount(n: number): string {
  return n < 10_000 ? whole.format(n) : compact.format(n)
}

export function fullCount(n: number): string {
  return whole.format(n)
}
