import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { useSession } from '@/api/session'

const RANK = { member: 0, admin: 1, owner: 2 }
export type Role = keyof typeof RANK

/** What the user may do in an organisation. The server decides anyway: this only leaves out what it would refuse. */
export function useRole(organization: MaybeRefOrGetter<number | undefined>) {
  const { organizations } = useSession()
  const role = computed(() => organizations.value.find((one) => one.id === toValue(organization))?.role)
  const atLeast = (wanted: Role) => computed(() => role.value !== undefined && RANK[role.value] >= RANK[wanted])
  return { role, isAdmin: atLeast('admin'), isOwner: atLeast('owner') }
}

/** The roles that somebody of this role may give: up to their own. */
export function rolesUpTo(role: Role | undefined): Role[] {
  return (Object.keys(RANK) as Role[]).filter((one) => role && RANK[one] <= RANK[role])
}
