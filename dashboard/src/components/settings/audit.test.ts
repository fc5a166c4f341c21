import { expect, it } from 'vitest'
import { actionText, detailsText } from './audit'

it('says in words what was done', () => {
  expect(actionText('project.update')).toBe('changed project')
  expect(actionText('account.sign_in')).toBe('signed in')
  expect(actionText('alien.thing')).toBe('alien.thing')
})

it('shows what it was and what it is, however deep', () => {
  const details = {
    name: { from: 'a', to: 'b' },
    settings: { filters: { localhost: { from: null, to: true } } },
    role: 'admin',
  }
  expect(detailsText(details)).toEqual(['name: a → b', 'settings.filters.localhost: default → true', 'role: admin'])
  expect(detailsText(null)).toEqual([])
})
