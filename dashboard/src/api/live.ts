import { onScopeDispose, ref, toValue, watch, type MaybeRefOrGetter } from 'vue'
import type { Level } from './types'

/** Messages of schema/live.md. */
export interface LiveEvent {
  type: 'event'
  id: string
  issue_id: number
  project_id: number
  level: Level
  title: string
  message: string
  culprit: string
  environment: string | null
  release: string | null
  platform: string | null
  timestamp: string
  received: string
  tags: Record<string, string>
}
export interface LiveIssue {
  type: 'new_issue' | 'regression'
  issue_id: number
  project_id: number
  title: string
  culprit: string
  level: Level
  event_id: string
  timestamp: string
}
export interface LiveUpdate {
  type: 'issue_update'
  issue_id: number
  project_id: number
  event_count: number
  last_seen: string
  status: string
  substatus: string | null
}
export type LiveMessage =
  | LiveEvent
  | LiveIssue
  | LiveUpdate
  | { type: 'escalation'; issue_id: number; project_id: number; hourly: number; usual: number; timestamp: string }
  | { type: 'alert'; project_id: number; alert: { id: number; status: string } }
  | { type: 'issues_changed'; project_id: number; count: number }
  | { type: 'dropped'; count: number }
  | { type: 'error'; id?: string; code: string; message: string }
  /** Ours: the socket is back after having been away; what happened meanwhile must be asked for. */
  | { type: 'resumed' }

export interface LiveFilter {
  level?: string[]
  environment?: string[]
  tags?: Record<string, string>
  issue_id?: number
  query?: string
}

/** Passes no event: for those who want to hear about issues only. */
export const ISSUES_ONLY: LiveFilter = { issue_id: -1 }

export type SocketState = 'idle' | 'connecting' | 'open' | 'offline'
type Listener = (message: LiveMessage) => void
interface Subscription {
  project: number
  filter: LiveFilter
  listener: Listener
}

/**
 * The one live socket of this page. It is opened with the first subscription, and again whenever it breaks: at once the
 * first time, then after longer and longer pauses with some chance in them, and at once when the network is back.
 */
export class LiveSocket {
  readonly state = ref<SocketState>('idle')
  private socket: WebSocket | null = null
  private readonly subscriptions = new Map<string, Subscription>()
  private count = 0
  private failures = 0
  private wasOpen = false
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly make: () => WebSocket = defaultSocket) {
    globalThis.addEventListener?.('online', () => this.reconnectNow())
    globalThis.document?.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.reconnectNow()
    })
  }

  /** Returns what ends the subscription. */
  subscribe(project: number, filter: LiveFilter, listener: Listener): () => void {
    const id = `s${++this.count}`
    this.subscriptions.set(id, { project, filter, listener })
    if (this.socket === null) this.connect()
    else this.tell(id)
    return () => {
      if (!this.subscriptions.delete(id)) return
      this.send({ type: 'unsubscribe', id })
      if (this.subscriptions.size === 0) this.close()
    }
  }

  /** Tries at once if the socket is away and waits for its next attempt. */
  reconnectNow(): void {
    if (this.state.value !== 'offline') return
    clearTimeout(this.timer)
    this.connect()
  }

  private connect(): void {
    this.state.value = 'connecting'
    const socket = this.make()
    this.socket = socket
    socket.onopen = () => {
      if (socket !== this.socket) return
      this.state.value = 'open'
      this.failures = 0
      for (const id of this.subscriptions.keys()) this.tell(id)
      if (this.wasOpen) this.deliver({ type: 'resumed' })
      this.wasOpen = true
    }
    socket.onmessage = (frame: MessageEvent<string>) => {
      if (socket === this.socket) this.deliver(JSON.parse(frame.data) as LiveMessage)
    }
    socket.onclose = () => {
      if (socket === this.socket) this.lost()
    }
  }

  private lost(): void {
    this.socket = null
    this.state.value = 'offline'
    const pause = this.failures++ === 0 ? 200 : Math.min(500 * 2 ** this.failures, 15_000) * (0.5 + Math.random() / 2)
    this.timer = setTimeout(() => this.connect(), pause)
  }

  private close(): void {
    clearTimeout(this.timer)
    const socket = this.socket
    this.socket = null
    this.wasOpen = false
    this.state.value = 'idle'
    socket?.close()
  }

  private tell(id: string): void {
    const { project, filter } = this.subscriptions.get(id)!
    this.send({ type: 'subscribe', id, project_id: project, filter })
  }

  private send(message: unknown): void {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(message))
  }

  private deliver(message: LiveMessage): void {
    const project = 'project_id' in message ? message.project_id : undefined
    const id = message.type === 'error' ? message.id : undefined
    for (const [name, { project: watched, listener }] of [...this.subscriptions]) {
      if ((project === undefined || project === watched) && (!id || id === name)) listener(message)
    }
  }
}

function defaultSocket(): WebSocket {
  return new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/live`)
}

export const live = new LiveSocket()

/** Listens to a project for as long as the component lives; follows changes of project and filter. */
export function useLive(
  project: MaybeRefOrGetter<number | undefined>,
  filter: MaybeRefOrGetter<LiveFilter>,
  listener: Listener,
): void {
  let end: (() => void) | undefined
  watch(
    () => [toValue(project), JSON.stringify(toValue(filter))] as const,
    ([id]) => {
      const before = end
      end = id ? live.subscribe(id, toValue(filter), listener) : undefined
      before?.()
    },
    { immediate: true },
  )
  onScopeDispose(() => end?.())
}
