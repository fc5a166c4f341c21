import { ref, watch, type Ref } from 'vue'

export interface SavedView {
  name: string
  query: string
}

export const VIEWS: SavedView[] = [
  { name: 'Unresolved', query: 'is:unresolved' },
  { name: 'For review', query: 'is:unresolved is:new' },
  { name: 'Mine', query: 'is:unresolved assigned:me' },
  { name: 'Regressed', query: 'is:regressed' },
  { name: 'Escalating', query: 'is:escalating' },
  { name: 'Archived', query: 'is:archived' },
  { name: 'All', query: '' },
]

/** Views of one's own, kept in this browser for each project. */
export function useSavedViews(project: Ref<number | undefined>) {
  const own = ref<SavedView[]>([])
  const place = () => `mesher-views-${project.value}`
  watch(
    project,
    () => {
      try {
        const kept: unknown = JSON.parse(localStorage.getItem(place()) ?? '[]')
        own.value = Array.isArray(kept)
          ? kept.filter((one) => typeof one?.name === 'string' && typeof one?.query === 'string')
          : []
      } catch {
        own.value = []
      }
    },
    { immediate: true },
  )
  const keep = () => localStorage.setItem(place(), JSON.stringify(own.value))
  return {
    own,
    save(view: SavedView) {
      own.value = [...own.value.filter((one) => one.name !== view.name), view]
      keep()
    },
    forget(name: string) {
      own.value = own.value.filter((one) => one.name !== name)
      keep()
    },
  }
}
