import { effectScope, nextTick, ref } from 'vue'
import { expect, it } from 'vitest'
import { nameOf, useTap } from './useTap'

class FakeSocket {
  closed = false
  onclose?: () => void
  onmessage?: (frame: { data: string }) => void
  constructor(readonly address: string) {}
  close() {
    this.closed = true
    this.onclose?.()
  }
  say(message: unknown) {
    this.onmessage?.({ data: JSON.stringify(message) })
  }
}

it('a tap shows the latest hundred, counts what went by, and begins anew with another filter', async () => {
  const sockets: FakeSocket[] = []
  const scope = effectScope()
  const [node, filter, on] = [ref('parse'), ref(''), ref(false)]
  const tap = scope.run(() =>
    useTap(node, filter, on, (name, query) => {
      sockets.push(new FakeSocket(`${name} ${query}`))
      return sockets.at(-1) as unknown as WebSocket
    }),
  )!
  expect([tap.state.value, sockets.length]).toEqual(['off', 0])
  on.value = true
  await nextTick()
  sockets[0]!.say({ type: 'tapping', node: 'parse' })
  expect(tap.state.value).toBe('open')
  for (let i = 0; i < 130; ++i)
    sockets[0]!.say({ type: 'event', output: 0, skipped: 2, event: { message: `number ${i}` } })
  expect(tap.rows.value.length).toBe(100)
  expect(nameOf(tap.rows.value[0]!.event)).toBe('number 129')
  expect(tap.skipped.value).toBe(260)

  filter.value = 'level:error'
  await nextTick()
  expect(sockets[0]!.closed).toBe(true)
  expect(sockets[1]!.address).toBe('parse level:error')
  expect([tap.state.value, tap.rows.value.length]).toEqual(['connecting', 0])
  sockets[1]!.close()
  expect(tap.state.value).toBe('ended')
  scope.stop()
})
