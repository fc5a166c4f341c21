import { useQueryClient } from '@tanstack/vue-query'
import { useToast } from '@nuxt/ui/composables'
import { api, ask } from '@/api/client'
import type { Loose } from '@/api/loose'
import type { Project } from '@/api/types'
import { useRole } from './useRole'
import { useSave } from '@/composables/useSave'

/** A form that changes a project; `fields` as in useSave(). */
export function useProjectForm(project: Project, fields: string[]) {
  const form = useSave(fields)
  const queries = useQueryClient()
  const toast = useToast()
  const { isAdmin } = useRole(() => project.organization_id)

  async function change(body: Loose<Pick<Project, 'name' | 'slug' | 'platform' | 'settings'>>): Promise<boolean> {
    const saved = await form.save(() =>
      ask(api.PATCH('/api/v1/projects/{id}', { params: { path: { id: project.id } }, body })),
    )
    if (saved) {
      toast.add({ title: 'Saved', description: 'In force within a second.' })
      await queries.invalidateQueries({ queryKey: ['projects'] })
    }
    return saved
  }

  return { ...form, change, isAdmin }
}
