import type { components } from '@/api/schema'
import { fullCount } from '@/composables/time'

type Schemas = components['schemas']
export type Alert = Schemas['Alert']
export type Delivery = Schemas['AlertDelivery']
export type ConditionType = Schemas['AlertCondition']['type']
export type Severity = Alert['severity']
export type Format = Schemas['AlertRuleChange']['actions'][number]['format']
/** As the server shows it: whether there is a secret, never which. */
export interface Action {
  type: 'webhook' | 'email'
  url?: string
  format?: Format
  template?: string
  has_secret?: boolean
  to?: string[]
}
export type Rule = Omit<Schemas['AlertRule'], 'actions' | 'severity'> & { actions: Action[]; severity: Severity }

export const CONDITIONS: { value: ConditionType; label: string }[] = [
  { value: 'event_count', label: 'So many events in a time' },
  { value: 'event_rate', label: 'So many events a minute' },
  { value: 'user_count', label: 'So many different users in a time' },
  { value: 'percent_change', label: 'More or fewer events than before' },
  { value: 'new_issue', label: 'A new issue' },
  { value: 'regression', label: 'A resolved issue comes back' },
  { value: 'escalation', label: 'An issue escalates' },
  { value: 'new_release', label: 'The first event of a release' },
]
const MOMENTS: ConditionType[] = ['new_issue', 'regression', 'escalation', 'new_release']
/** It is about what happens at one moment, not about a window of time. */
export const isMoment = (type: ConditionType) => MOMENTS.includes(type)

export const FORMATS: { value: Format; label: string }[] = [
  { value: 'json', label: 'JSON' },
  { value: 'slack', label: 'Slack' },
  { value: 'mattermost', label: 'Mattermost' },
  { value: 'discord', label: 'Discord' },
  { value: 'teams', label: 'Microsoft Teams' },
  { value: 'pagerduty', label: 'PagerDuty' },
  { value: 'template', label: 'A text of your own' },
]

export const UNITS = [
  { value: 86_400, label: 'days' },
  { value: 3600, label: 'hours' },
  { value: 60, label: 'minutes' },
  { value: 1, label: 'seconds' },
]
/** The largest unit that says it in a whole number. */
export const unitOf = (seconds: number) => UNITS.find((one) => seconds >= one.value && seconds % one.value === 0)

const plural = (n: number, many: string) => `${fullCount(n)} ${n === 1 ? many.slice(0, -1) : many}`

/** 300 → "5 minutes". */
export function duration(seconds: number): string {
  const unit = unitOf(seconds)
  return unit ? plural(seconds / unit.value, unit.label) : plural(seconds, 'seconds')
}

/** A webhook's address without its path, which often is a secret. */
export function placeOf(url: string): string {
  try {
    const { origin, pathname, search } = new URL(url)
    return pathname.length + search.length > 1 ? `${origin}/…` : origin
  } catch {
    return url
  }
}

function condition({ condition: it }: Pick<Rule, 'condition'>): string {
  const time = duration(it.window_seconds ?? 0)
  const per = it.per ?? 'project'
  const of = per === 'project' ? '' : ` of one ${per.startsWith('tag:') ? per.slice(4) : per}`
  const threshold = it.threshold ?? 0
  const come = threshold === 1 ? 'comes' : 'come'
  switch (it.type) {
    case 'event_count':
      return `at least ${plural(threshold, 'events')}${of} ${come} within ${time}`
    case 'event_rate':
      return `at least ${plural(threshold, 'events')}${of} ${come} a minute, over ${time}`
    case 'user_count':
      return `at least ${threshold === 1 ? 'one user meets' : `${fullCount(threshold)} different users meet`} events${of} within ${time}`
    case 'percent_change': {
      const percent = it.percent ?? 0
      const before = it.against === 'week' ? 'a week' : 'a day'
      return `there are at least ${fullCount(Math.abs(percent))} % ${percent < 0 ? 'fewer' : 'more'} events within ${time} than in the same time ${before} before`
    }
    case 'new_issue':
      return 'a new issue turns up'
    case 'regression':
      return 'a resolved issue comes back'
    case 'escalation':
      return 'an issue escalates'
    case 'new_release':
      return 'the first event of a release comes'
  }
}

function told(action: Action): string {
  if (action.type === 'email') return `write to ${action.to?.join(', ') || 'nobody'}`
  const place = placeOf(action.url ?? '')
  const format = FORMATS.find((one) => one.value === action.format)
  const named = format && format.value !== 'json' && format.value !== 'template'
  return named ? `tell ${format.label} at ${place}` : `tell ${place}`
}

/** What a rule does, in words. */
export function sentence(
  rule: Pick<Rule, 'condition' | 'filter' | 'actions' | 'cooldown_seconds' | 'notify_resolved'>,
): string {
  const matching = isMoment(rule.condition.type) ? 'with an event that matches' : 'counting only what matches'
  const filter = rule.filter ? `, ${matching} ${rule.filter}` : ''
  const asTold = rule.actions.map(told)
  const actions = asTold.length ? asTold.join(' and ') : 'list it under History'
  const pause = rule.cooldown_seconds ? `; then not again for ${duration(rule.cooldown_seconds)}` : ''
  const over = rule.notify_resolved && asTold.length ? '. Tell also when it is over' : ''
  return `When ${condition(rule)}${filter}, ${actions}${pause}${over}.`
}

/** What an alert's figure was, and what it had to reach. */
export function figure(type: string, value: number, threshold: number): string {
  const number = (n: number) => fullCount(Math.round(n * 10) / 10)
  switch (type) {
    case 'event_count':
      return `${number(value)} events (threshold ${number(threshold)})`
    case 'event_rate':
      return `${number(value)} events a minute (threshold ${number(threshold)})`
    case 'user_count':
      return `${number(value)} users (threshold ${number(threshold)})`
    case 'percent_change': {
      const signed = (n: number) => `${n > 0 ? '+' : n < 0 ? '−' : ''}${number(Math.abs(n))} %`
      return `${signed(value)} events (threshold ${signed(threshold)})`
    }
    default:
      return CONDITIONS.find((one) => one.value === type)?.label ?? ''
  }
}

/** "project" → nothing; "region:eu" as it is. */
export const keyText = (key: string) => (key === 'project' ? '' : key.replace(/^issue:/, 'issue '))
