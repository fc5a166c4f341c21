import { onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import type { Level } from '@/api/types'

/** A message of schema/live.md, of a node's tap. What is known of an event depends on how far it has come. */
export interface TappedEvent {
  id?: string
  project_id?: number
  received?: string
  level?: Level
  message?: string
  title?: string
  exception?: { type?: string; value?: string }
  environment?: string
  release?: string
  payload?: unknown
}
export interface Tapped {
  key: number
  output: number
  /** How many went by unseen before it. */
  skipped: number
  event: TappedEvent
}
export type TapState = 'off' | 'connecting' | 'open' | 'ended'

/** As many as one can look at; older ones are let go. */
const MOST = 100

/** Watches what leaves a node for as long as `on`; ended and begun anew when node or filter change. */
export function useTap(node: Ref<string>, filter: Ref<string>, on: Ref<boolean>, make = socketTo) {
  const state = ref<TapState>('off')
  const rows = shallowRef<Tapped[]>([])
  const skipped = ref(0)
  let socket: WebSocket | undefined
  let count = 0

  function end() {
    const old = socket
    socket = undefined
    old?.close()
  }
  watch(
    [node, filter, on],
    () => {
      end()
      rows.value = []
      skipped.value = 0
      state.value = on.value ? 'connecting' : 'off'
      if (!on.value) return
      const mine = (socket = make(node.value, filter.value))
      mine.onmessage = (frame: MessageEvent<string>) => {
        if (mine !== socket) return
        const message = JSON.parse(frame.data) as { type: string; output: number; skipped: number; event: TappedEvent }
        if (message.type === 'tapping') state.value = 'open'
        if (message.type !== 'event') return
        skipped.value += message.skipped
        const { output, skipped: unseen, event } = message
        rows.value = [{ key: ++count, output, skipped: unseen, event }, ...rows.value.slice(0, MOST - 1)]
      }
      mine.onclose = () => {
        if (mine === socket) state.value = 'ended'
      }
    },
    { immediate: true },
  )
  onScopeDispose(end)
  return { state, rows, skipped }
}

function socketTo(node: string, filter: string): WebSocket {
  const query = filter ? `?filter=${encodeURIComponent(filter)}` : ''
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
  return new WebSocket(`${scheme}://${location.host}/api/v1/graph/nodes/${encodeURIComponent(node)}/tap${query}`)
}

/** What an event is called at this place of the graph. */
export function nameOf(event: TappedEvent): string {
  const { type, value } = event.exception ?? {}
  return event.title || event.message || [type, value].filter(Boolean).join(': ') || '(nothing said)'
}
