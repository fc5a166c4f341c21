import { computed } from 'vue'
import { useRoute } from 'vue-router'
import { useProjects } from '@/composables/useProjects'
import { useSession } from '@/api/session'
import type { SettingsGroup } from './SettingsLayout.vue'
import { useRole } from './useRole'

export const accountSections = { profile: 'Profile', sessions: 'Sessions', tokens: 'API tokens' }
export const organizationSections = {
  general: 'General',
  members: 'Members',
  teams: 'Teams',
  projects: 'Projects',
  audit: 'Audit log',
}
export const projectSections = {
  general: 'General',
  keys: 'Keys',
  filters: 'Filters',
  scrubbing: 'Scrubbing',
  limits: 'Limits and retention',
  grouping: 'Grouping',
  ownership: 'Ownership',
}

/** What the settings' navigation offers here: pages without a project in their address keep to the one looked at last. */
export function useSettings() {
  const route = useRoute()
  const { organizations } = useSession()
  const projects = useProjects()
  const project = computed(() => {
    const wanted = Number(route.params.project) || Number(localStorage.getItem('mesher-project'))
    const list = projects.data.value ?? []
    const inOrganization = Number(route.params.org)
    const found = list.find((one) => one.id === wanted)
    if (found && (!inOrganization || found.organization_id === inOrganization)) return found
    return inOrganization ? list.find((one) => one.organization_id === inOrganization) : list[0]
  })
  const organization = computed(() => {
    const wanted = Number(route.params.org) || project.value?.organization_id
    return organizations.value.find((one) => one.id === wanted) ?? organizations.value[0]
  })
  const { isAdmin } = useRole(() => organization.value?.id)

  const section = computed(() => String(route.params.section || ''))
  const items = (page: string, names: Record<string, string>, params: Record<string, string>) =>
    Object.entries(names).map(([key, label]) => ({
      label,
      to: { name: page, params: { ...params, section: key } },
      current: route.name === page && (section.value || Object.keys(names)[0]) === key,
    }))

  const groups = computed<SettingsGroup[]>(() => {
    const list: SettingsGroup[] = []
    if (project.value) {
      list.push({
        title: 'Project',
        name: project.value.name,
        items: items('settings-project', projectSections, { project: String(project.value.id) }),
      })
    }
    if (organization.value) {
      const { audit, ...others } = organizationSections
      const names = isAdmin.value ? { ...others, audit } : others
      list.push({
        title: 'Organisation',
        name: organization.value.name,
        items: items('settings-organization', names, { org: String(organization.value.id) }),
      })
    }
    list.push({ title: 'Account', items: items('settings-account', accountSections, {}) })
    return list
  })

  return { groups, project, organization, section, projects }
}
