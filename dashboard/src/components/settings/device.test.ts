import { expect, it } from 'vitest'
import { deviceOf } from './device'

it('names browser and system, the more special browser first', () => {
  expect(
    deviceOf(
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0',
    ),
  ).toBe('Edge on Windows')
  expect(
    deviceOf('Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Mobile/15E148 Safari/604.1'),
  ).toBe('Safari on iOS')
  expect(deviceOf('curl/8.5.0')).toBe('curl')
  expect(deviceOf('something else')).toBe('something else')
  expect(deviceOf('')).toBe('Unknown program')
})
