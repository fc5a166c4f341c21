import { describe, expect, it } from 'vitest'
import { ApiError } from '@/api/client'
import { useSave } from './useSave'

describe('useSave', () => {
  it('shows what the server says at the field that it names', async () => {
    const form = useSave(['name', 'settings.filters.messages'])
    const refused = new ApiError(400, 'invalid_body', 'one is too long', 'settings.filters.messages.3')
    expect(await form.save(() => Promise.reject(refused))).toBe(false)
    expect(form.errors).toEqual({ 'settings.filters.messages': 'One is too long' })
    expect(form.error.value).toBe('')
  })

  it('says what belongs to no field of the form below it, and forgets it at the next attempt', async () => {
    const form = useSave(['name'])
    await form.save(() => Promise.reject(new ApiError(409, 'conflict', 'the last owner stays', 'names')))
    expect(form.error.value).toBe('The last owner stays')
    expect(await form.save(() => Promise.resolve())).toBe(true)
    expect(form.error.value).toBe('')
    expect(form.errors).toEqual({})
  })

  it('does not save twice at once', async () => {
    const form = useSave()
    let calls = 0
    let finish: () => void = () => undefined
    const first = form.save(() => {
      calls += 1
      return new Promise<void>((done) => (finish = done))
    })
    expect(await form.save(() => Promise.resolve(calls++))).toBe(false)
    finish()
    expect(await first).toBe(true)
    expect(calls).toBe(1)
    expect(form.busy.value).toBe(false)
  })
})
