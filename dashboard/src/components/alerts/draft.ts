import type { Loose } from '@/api/loose'
import type { components } from '@/api/schema'
import { isMoment, type Action, type ConditionType, type Format, type Rule, type Severity } from './rule'

export interface DraftAction {
  type: Action['type']
  url: string
  format: Format
  template: string
  /** Empty: the one that is there stays. */
  secret: string
  hasSecret: boolean
  forgetSecret: boolean
  to: string[]
}

/** A rule as it is typed: the fields of all conditions, so that nothing is lost when another one is looked at. */
export interface Draft {
  name: string
  enabled: boolean
  severity: Severity
  type: ConditionType
  threshold: number
  window: number
  per: 'project' | 'issue' | 'tag'
  tag: string
  percent: number
  direction: 'more' | 'fewer'
  against: 'day' | 'week'
  filter: string
  cooldown: number
  notifyResolved: boolean
  actions: DraftAction[]
}
export type RuleBody = Loose<components['schemas']['AlertRuleChange']>

export const MOST_ACTIONS = 10

export function newAction(type: Action['type']): DraftAction {
  return { type, url: '', format: 'json', template: '', secret: '', hasSecret: false, forgetSecret: false, to: [] }
}

export function newDraft(): Draft {
  return {
    name: '',
    enabled: true,
    severity: 'warning',
    type: 'event_count',
    threshold: 10,
    window: 60,
    per: 'project',
    tag: '',
    percent: 50,
    direction: 'more',
    against: 'day',
    filter: '',
    cooldown: 300,
    notifyResolved: false,
    actions: [],
  }
}

export function draftOf(rule: Rule): Draft {
  const { condition } = rule
  const fresh = newDraft()
  const per = condition.per ?? 'project'
  const percent = condition.percent ?? fresh.percent
  return {
    name: rule.name,
    enabled: rule.enabled,
    severity: rule.severity,
    type: condition.type,
    threshold: condition.threshold ?? fresh.threshold,
    window: condition.window_seconds ?? fresh.window,
    per: per.startsWith('tag:') ? 'tag' : (per as 'project' | 'issue'),
    tag: per.startsWith('tag:') ? per.slice(4) : '',
    percent: Math.abs(percent),
    direction: percent < 0 ? 'fewer' : 'more',
    against: condition.against ?? fresh.against,
    filter: rule.filter,
    cooldown: rule.cooldown_seconds,
    notifyResolved: rule.notify_resolved,
    actions: rule.actions.map(({ type, has_secret, ...rest }) => ({
      ...newAction(type),
      ...rest,
      hasSecret: has_secret === true,
    })),
  }
}

function conditionOf(draft: Draft): RuleBody['condition'] {
  const { type, window: window_seconds, threshold, against } = draft
  if (isMoment(type)) return { type }
  if (type === 'percent_change') {
    return { type, window_seconds, against, percent: draft.direction === 'fewer' ? -draft.percent : draft.percent }
  }
  return { type, window_seconds, threshold, per: draft.per === 'tag' ? `tag:${draft.tag.trim()}` : draft.per }
}

function actionOf(action: DraftAction) {
  if (action.type === 'email') return { type: action.type, to: action.to }
  return {
    type: action.type,
    url: action.url.trim(),
    format: action.format,
    ...(action.format === 'template' ? { template: action.template } : {}),
    ...(action.secret ? { secret: action.secret } : action.forgetSecret ? { secret: null } : {}),
  }
}

/** What the server is told. */
export function bodyOf(draft: Draft) {
  return {
    name: draft.name,
    enabled: draft.enabled,
    severity: draft.severity,
    condition: conditionOf(draft)!,
    filter: draft.filter.trim(),
    cooldown_seconds: draft.cooldown,
    notify_resolved: draft.notifyResolved,
    actions: draft.actions.map(actionOf),
  }
}

/** Names of all fields that the form shows, as the server says them. */
export const FIELDS = [
  'name',
  'severity',
  ...['type', 'threshold', 'window_seconds', 'per', 'percent', 'against'].map((one) => `condition.${one}`),
  'filter',
  'cooldown_seconds',
  ...Array.from({ length: MOST_ACTIONS }, (_, i) =>
    ['url', 'format', 'template', 'secret', 'to'].map((one) => `actions[${i}].${one}`),
  ).flat(),
]
