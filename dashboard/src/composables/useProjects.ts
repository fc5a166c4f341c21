import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { useRoute } from 'vue-router'
import { useQuery } from '@tanstack/vue-query'
import { api, ask } from '@/api/client'
import { useSession } from '@/api/session'
import type { Member, Project, Team } from '@/api/types'
import { allPages } from '@/api/pages'

/** All projects that the user sees, by organisation and name. */
export function useProjects() {
  const { organizations } = useSession()
  return useQuery({
    queryKey: ['projects', computed(() => organizations.value.map((one) => one.id))],
    staleTime: 60_000,
    queryFn: async () => {
      const lists = await Promise.all(
        organizations.value.map((organization) =>
          allPages<Project>((cursor) =>
            ask(
              api.GET('/api/v1/orgs/{id}/projects', {
                params: { path: { id: organization.id }, query: { limit: 100, cursor } },
              }),
            ),
          ),
        ),
      )
      return lists.flat()
    },
  })
}

/** The project of the address; its number is known at once, the rest when it was asked for. */
export function useProject() {
  const route = useRoute()
  const projects = useProjects()
  const id = computed(() => Number(route.params.project) || undefined)
  return { id, project: computed(() => projects.data.value?.find((one) => one.id === id.value)), projects }
}

/** Members and teams of an organisation: who issues are assigned to. */
export function usePeople(organization: MaybeRefOrGetter<number | undefined>) {
  const id = computed(() => toValue(organization))
  const enabled = computed(() => id.value !== undefined)
  const members = useQuery({
    queryKey: ['members', id],
    enabled,
    staleTime: 60_000,
    queryFn: () =>
      allPages<Member>((cursor) =>
        ask(
          api.GET('/api/v1/orgs/{id}/members', { params: { path: { id: id.value! }, query: { limit: 100, cursor } } }),
        ),
      ),
  })
  const teams = useQuery({
    queryKey: ['teams', id],
    enabled,
    staleTime: 60_000,
    queryFn: () =>
      allPages<Team>((cursor) =>
        ask(api.GET('/api/v1/orgs/{id}/teams', { params: { path: { id: id.value! }, query: { limit: 100, cursor } } })),
      ),
  })
  return { members, teams }
}
