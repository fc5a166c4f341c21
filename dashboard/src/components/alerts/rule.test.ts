import { describe, expect, it } from 'vitest'
import { bodyOf, draftOf } from './draft'
import { duration, figure, placeOf, sentence, type Rule } from './rule'

const rule = (more: Partial<Rule>): Rule => ({
  id: 1,
  project_id: 2,
  name: 'burning',
  enabled: true,
  severity: 'critical',
  condition: { type: 'event_count', threshold: 10, window_seconds: 60, per: 'project' },
  filter: '',
  cooldown_seconds: 0,
  notify_resolved: false,
  actions: [],
  version: 1,
  created_at: '',
  updated_at: '',
  created_by: null,
  ...more,
})

describe('a rule', () => {
  it('is said in words', () => {
    expect(sentence(rule({}))).toBe('When at least 10 events come within 1 minute, list it under History.')
    const whole = rule({
      condition: { type: 'event_count', threshold: 1, window_seconds: 300, per: 'tag:region' },
      filter: 'level:error',
      cooldown_seconds: 3600,
      notify_resolved: true,
      actions: [
        { type: 'webhook', url: 'https://hooks.slack.com/T/B/x', format: 'slack', has_secret: false },
        { type: 'email', to: ['ann@example.com', 'bob@example.com'] },
      ],
    })
    expect(sentence(whole)).toBe(
      'When at least 1 event of one region comes within 5 minutes, counting only what matches level:error, tell Slack at https://hooks.slack.com/… and write to ann@example.com, bob@example.com; then not again for 1 hour. Tell also when it is over.',
    )
  })

  it('is said in words for every condition', () => {
    const said = (condition: Partial<Rule['condition']>, filter = '') =>
      sentence(rule({ condition: condition as Rule['condition'], filter }))
    expect(said({ type: 'event_rate', threshold: 0.5, window_seconds: 600, per: 'issue' })).toBe(
      'When at least 0.5 events of one issue come a minute, over 10 minutes, list it under History.',
    )
    expect(said({ type: 'user_count', threshold: 5, window_seconds: 90, per: 'project' })).toBe(
      'When at least 5 different users meet events within 90 seconds, list it under History.',
    )
    expect(said({ type: 'percent_change', percent: -50, window_seconds: 3600, against: 'week' })).toBe(
      'When there are at least 50 % fewer events within 1 hour than in the same time a week before, list it under History.',
    )
    expect(said({ type: 'new_issue' }, 'level:fatal')).toBe(
      'When a new issue turns up, with an event that matches level:fatal, list it under History.',
    )
  })

  it('is the same after it was taken into the form and given back', () => {
    for (const one of [
      rule({ condition: { type: 'user_count', threshold: 7, window_seconds: 90, per: 'tag:a' } }),
      rule({ condition: { type: 'percent_change', percent: -30, window_seconds: 60, against: 'week' } as never }),
      rule({ condition: { type: 'regression' } as never }),
      rule({ actions: [{ type: 'email', to: ['a@b.c'] }] }),
    ]) {
      const { name, enabled, severity, condition, filter, cooldown_seconds, notify_resolved, actions } = one
      expect(bodyOf(draftOf(one))).toEqual({
        name,
        enabled,
        severity,
        condition,
        filter,
        cooldown_seconds,
        notify_resolved,
        actions,
      })
    }
  })

  it('keeps, changes or forgets the secret of a webhook', () => {
    const draft = draftOf(
      rule({ actions: [{ type: 'webhook', url: 'https://a.example/x', format: 'json', has_secret: true }] }),
    )
    const secret = () => bodyOf(draft).actions[0] as { secret?: string | null }
    expect('secret' in secret()).toBe(false)
    draft.actions[0]!.forgetSecret = true
    expect(secret().secret).toBeNull()
    draft.actions[0]!.secret = 'new'
    expect(secret().secret).toBe('new')
  })
})

it('says times, places and figures', () => {
  expect([1, 60, 90, 7200, 86_400].map(duration)).toEqual(['1 second', '1 minute', '90 seconds', '2 hours', '1 day'])
  expect(placeOf('https://a.example:8443/secret/path')).toBe('https://a.example:8443/…')
  expect(placeOf('https://a.example')).toBe('https://a.example')
  expect(figure('event_rate', 12.34, 10)).toBe('12.3 events a minute (threshold 10)')
  expect(figure('percent_change', -60, -50)).toBe('−60 % events (threshold −50 %)')
  expect(figure('new_issue', 1, 1)).toBe('A new issue')
})
