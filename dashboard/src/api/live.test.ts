import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { LiveSocket, type LiveMessage } from './live'

class FakeSocket {
  readyState = 0
  sent: Record<string, unknown>[] = []
  onopen?: () => void
  onclose?: () => void
  onmessage?: (frame: { data: string }) => void
  send(text: string) {
    this.sent.push(JSON.parse(text))
  }
  close() {
    this.readyState = 3
    this.onclose?.()
  }
  open() {
    this.readyState = 1
    this.onopen?.()
  }
}
let sockets: FakeSocket[]
let live: LiveSocket
beforeEach(() => {
  vi.useFakeTimers()
  sockets = []
  live = new LiveSocket(() => {
    sockets.push(new FakeSocket())
    return sockets.at(-1) as unknown as WebSocket
  })
})
afterEach(() => vi.useRealTimers())

it('subscribes when the socket opens, tells only those of the project, and closes with the last', () => {
  const seen: LiveMessage[] = []
  const end = live.subscribe(7, { level: ['error'] }, (message) => seen.push(message))
  expect(live.state.value).toBe('connecting')
  sockets[0]!.open()
  expect(sockets[0]!.sent).toEqual([{ type: 'subscribe', id: 's1', project_id: 7, filter: { level: ['error'] } }])
  sockets[0]!.onmessage!({ data: '{"type":"issues_changed","project_id":8,"count":1}' })
  sockets[0]!.onmessage!({ data: '{"type":"issues_changed","project_id":7,"count":2}' })
  expect(seen).toEqual([{ type: 'issues_changed', project_id: 7, count: 2 }])
  end()
  expect(sockets[0]!.sent.at(-1)).toEqual({ type: 'unsubscribe', id: 's1' })
  expect(live.state.value).toBe('idle')
})

it('comes back with its subscriptions and says that something may have been missed', () => {
  const seen: string[] = []
  live.subscribe(7, {}, (message) => seen.push(message.type))
  sockets[0]!.open()
  sockets[0]!.close()
  expect(live.state.value).toBe('offline')
  vi.advanceTimersByTime(200)
  sockets[1]!.close() // still away: the pause grows
  vi.advanceTimersByTime(400)
  expect(sockets).toHaveLength(2)
  vi.advanceTimersByTime(20_000)
  sockets[2]!.open()
  expect(sockets[2]!.sent).toHaveLength(1)
  expect(seen).toEqual(['resumed'])
})
