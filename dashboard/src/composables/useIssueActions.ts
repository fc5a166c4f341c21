import type { ComputedRef } from 'vue'
import { useQueryClient, type InfiniteData } from '@tanstack/vue-query'
import { useToast } from '@nuxt/ui/composables'
import { api, ask, textOf } from '@/api/client'
import type { Edit, Issue } from '@/api/types'

export interface IssuePage {
  data: Issue[]
  next_cursor: string | null
}
export type IssuePages = InfiniteData<IssuePage, string | undefined>

/** How an issue looks after an edit, before the server has said so. */
export function edited(issue: Issue, edit: Edit): Issue {
  const next = { ...issue }
  if (edit.status) {
    next.status = edit.status
    next.is_regressed = false
    if (edit.status === 'unresolved') next.substatus = 'ongoing'
    else if (edit.status === 'resolved') next.substatus = null
    else if (edit.until?.escalating) next.substatus = 'archived_until_escalating'
    else next.substatus = edit.until ? 'archived_until_condition' : 'archived_forever'
  }
  if ('assigned_to' in edit) next.assigned_to = (edit.assigned_to ?? null) as Issue['assigned_to']
  return next
}

/**
 * Changes to issues: shown at once, taken back if the server refuses, and undone from the note that says what was done.
 * Rows stay where they are, whether or not they still match what was searched for.
 */
export function useIssueActions(project: ComputedRef<number | undefined>) {
  const cache = useQueryClient()
  const toast = useToast()

  function patchRows(ids: Set<number>, change: (issue: Issue) => Issue) {
    const one = (issue: Issue) => (ids.has(issue.id) ? change(issue) : issue)
    cache.setQueriesData<IssuePages>(
      { queryKey: ['issues'] },
      (old) => old && { ...old, pages: old.pages.map((page) => ({ ...page, data: page.data.map(one) })) },
    )
    cache.setQueriesData<Issue>({ queryKey: ['issue'] }, (old) => old && one(old))
  }

  const snapshot = () => [
    ...cache.getQueriesData<unknown>({ queryKey: ['issues'] }),
    ...cache.getQueriesData<unknown>({ queryKey: ['issue'] }),
  ]
  const restore = (state: ReturnType<typeof snapshot>) => state.forEach(([key, data]) => cache.setQueryData(key, data))

  async function settle(ids: number[]) {
    await Promise.all(ids.slice(0, 1).map((id) => cache.invalidateQueries({ queryKey: ['issue', id] })))
    await cache.invalidateQueries({ queryKey: ['activity'] })
  }

  async function undo(change: number, state: ReturnType<typeof snapshot>, ids: number[]) {
    try {
      restore(state)
      const answer = await ask(
        api.POST('/api/v1/projects/{id}/issues/undo', {
          params: { path: { id: project.value! } },
          body: { change_id: change },
        }),
      )
      await settle(ids)
      if (answer.skipped) {
        toast.add({ title: `${answer.skipped} were changed since and stay as they are`, color: 'warning' })
        await cache.invalidateQueries({ queryKey: ['issues'] })
      }
    } catch (failure) {
      toast.add({ title: 'This could not be undone', description: textOf(failure), color: 'error' })
      await cache.invalidateQueries({ queryKey: ['issues'] })
    }
  }

  async function change(ids: number[], edit: Edit, done: string): Promise<boolean> {
    if (ids.length === 0) return false
    const state = snapshot()
    patchRows(new Set(ids), (issue) => edited(issue, edit))
    try {
      const answer = await ask(
        api.PATCH('/api/v1/projects/{id}/issues', { params: { path: { id: project.value! } }, body: { ...edit, ids } }),
      )
      await settle(ids)
      const made = answer.undo
      toast.add({
        title: ids.length === 1 ? done : `${done}: ${ids.length} issues`,
        icon: 'i-lucide-check',
        color: 'neutral',
        duration: 8000,
        actions: made
          ? [
              {
                label: 'Undo',
                color: 'primary',
                variant: 'outline',
                onClick: () => void undo(made.change_id, state, ids),
              },
            ]
          : [],
      })
      return true
    } catch (failure) {
      restore(state)
      toast.add({ title: 'Nothing was changed', description: textOf(failure), color: 'error', duration: 10_000 })
      return false
    }
  }

  return { change, patchRows }
}
