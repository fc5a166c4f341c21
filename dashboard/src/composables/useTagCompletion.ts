import type { ComputedRef } from 'vue'
import { useQueryClient } from '@tanstack/vue-query'
import { api, ask } from '@/api/client'

/** Names and values of a project's tags by their beginning, most frequent first; kept for a minute. */
export function useTagCompletion(project: ComputedRef<number | undefined>) {
  const cache = useQueryClient()
  const tags = (prefix: string) =>
    cache.fetchQuery({
      queryKey: ['tag-names', project.value, prefix],
      staleTime: 60_000,
      queryFn: async () => {
        const page = await ask(
          api.GET('/api/v1/projects/{id}/tags', {
            params: { path: { id: project.value! }, query: { prefix, limit: 10 } },
          }),
        )
        return (page.data as { key: string }[]).map((one) => one.key)
      },
    })
  const values = (key: string, prefix: string, limit = 12) =>
    cache.fetchQuery({
      queryKey: ['tag-values', project.value, key, prefix, limit],
      staleTime: 60_000,
      queryFn: async () => {
        const page = await ask(
          api.GET('/api/v1/projects/{id}/tags/{key}/values', {
            params: { path: { id: project.value!, key }, query: { prefix, limit } },
          }),
        )
        return (page.data as { value: string }[]).map((one) => one.value).filter((one) => one !== '')
      },
    })
  return { tags, values }
}
