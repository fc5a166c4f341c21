import { onScopeDispose, reactive, shallowReactive } from 'vue'
import type { RouteLocationRaw } from 'vue-router'

/** A key or two (`g i`) and what they do; shown by `?`. */
export interface Shortcut {
  keys: string
  label: string
  group: string
  run: (event: KeyboardEvent) => void
}

/** An entry of the palette (Ctrl K). */
export interface Command {
  label: string
  group: string
  icon?: string
  hint?: string
  run: () => void
}

/** An entry of the navigation. `needs`: a project must be chosen, or the user must own the instance. */
export interface NavigationItem {
  label: string
  icon: string
  section: 'project' | 'server'
  to: (project: string) => RouteLocationRaw
  /** First letter of the path's part that marks it as the current one. */
  active: (path: string) => boolean
  keys?: string
}

const shortcuts = shallowReactive(new Set<Shortcut>())
const commands = shallowReactive(new Set<Command>())

/** For as long as the calling component lives. */
export function useShortcuts(list: Shortcut[]): void {
  for (const one of list) shortcuts.add(one)
  onScopeDispose(() => list.forEach((one) => shortcuts.delete(one)))
}

export function useCommands(list: Command[]): void {
  for (const one of list) commands.add(one)
  onScopeDispose(() => list.forEach((one) => commands.delete(one)))
}

export const registered = { shortcuts, commands }
export const overlays = reactive({ help: false, palette: false, navigation: false })

function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null
  return !!element?.closest?.('input, textarea, select, [contenteditable="true"], [role="combobox"]')
}

let pending = ''
let pendingAt = 0

/**
 * One listener for all. Keys mean nothing while somebody types, with a modifier, or below an open dialog (except Escape, which
 * belongs to the dialog itself).
 */
export function handleKey(event: KeyboardEvent): void {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    event.preventDefault()
    overlays.palette = !overlays.palette
    return
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return
  if (document.querySelector('[data-state="open"]:is([role="dialog"], [role="menu"], [role="listbox"])')) return
  if ((event.key === 'Enter' || event.key === ' ') && (event.target as HTMLElement).closest?.('button, a, summary'))
    return
  const typed = pending && event.timeStamp - pendingAt < 1500 ? `${pending} ${event.key}` : event.key
  // The latest registered wins: a page may take over a key of the shell.
  const list = [...shortcuts].reverse()
  const found = list.find((one) => one.keys === typed) ?? list.find((one) => one.keys === event.key)
  pending = ''
  if (found) {
    event.preventDefault()
    found.run(event)
  } else if (list.some((one) => one.keys.startsWith(`${event.key} `))) {
    pending = event.key
    pendingAt = event.timeStamp
  }
}
