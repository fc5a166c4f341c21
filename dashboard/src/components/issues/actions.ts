import type { DropdownMenuItem } from '@nuxt/ui'
import type { Assignee, Edit, Issue, Member, Team } from '@/api/types'

/** Ways of archiving, in the words of people. */
export function archiveChoices(
  act: (edit: Edit, done: string) => void,
  now: () => number = Date.now,
): DropdownMenuItem[][] {
  const until = (until: Edit['until']): Edit => ({ status: 'archived', until })
  return [
    [
      {
        label: 'Until it escalates',
        icon: 'i-lucide-trending-up',
        onSelect: () => act(until({ escalating: true } as Edit['until']), 'Archived until it escalates'),
      },
      {
        label: 'For a week',
        icon: 'i-lucide-clock',
        onSelect: () =>
          act(until({ time: new Date(now() + 7 * 86_400_000).toISOString() } as Edit['until']), 'Archived for a week'),
      },
      {
        label: 'Until 100 more events',
        icon: 'i-lucide-hash',
        onSelect: () => act(until({ events: 100 } as Edit['until']), 'Archived until 100 more events'),
      },
      {
        label: 'Until 10 more users',
        icon: 'i-lucide-users',
        onSelect: () => act(until({ users: 10 } as Edit['until']), 'Archived until 10 more users'),
      },
    ],
    [{ label: 'For ever', icon: 'i-lucide-archive', onSelect: () => act({ status: 'archived' }, 'Archived') }],
  ]
}

export function resolveChoices(act: (edit: Edit, done: string) => void): DropdownMenuItem[] {
  return [
    { label: 'Resolved', icon: 'i-lucide-check', onSelect: () => act({ status: 'resolved' }, 'Resolved') },
    {
      label: 'In the next release',
      icon: 'i-lucide-package-check',
      onSelect: () => act({ status: 'resolved', in: 'next_release' }, 'Resolved in the next release'),
    },
  ]
}

export function assignChoices(
  members: Member[],
  teams: Team[],
  me: number | undefined,
  act: (to: Assignee, name: string) => void,
): DropdownMenuItem[][] {
  const people = [...members].sort((a, b) => Number(b.id === me) - Number(a.id === me))
  return [
    people.map((one) => ({
      label: one.id === me ? `${one.name || one.email} (me)` : one.name || one.email,
      icon: 'i-lucide-user',
      onSelect: () => act({ user: one.id }, one.name || one.email),
    })),
    teams.map((one) => ({
      label: `#${one.slug}`,
      icon: 'i-lucide-users',
      onSelect: () => act({ team: one.id }, `#${one.slug}`),
    })),
    [{ label: 'Nobody', icon: 'i-lucide-user-x', onSelect: () => act(null, 'nobody') }],
  ].filter((group) => group.length > 0)
}

export function assigneeName(
  issue: Issue,
  members: Member[] | undefined,
  teams: Team[] | undefined,
): string | undefined {
  const to = issue.assigned_to as { user?: number; team?: number } | null
  if (!to) return undefined
  if (to.team) return `#${teams?.find((one) => one.id === to.team)?.slug ?? to.team}`
  const member = members?.find((one) => one.id === to.user)
  return member ? member.name || member.email : `user ${to.user}`
}

/** "ValueError: bad id" as its type and what it says. */
export function titleParts(issue: Pick<Issue, 'title' | 'type'>): { head: string; rest: string } {
  const at = issue.type === 'error' ? issue.title.indexOf(': ') : -1
  return at > 0 && at < 120
    ? { head: issue.title.slice(0, at), rest: issue.title.slice(at + 2) }
    : { head: issue.title, rest: '' }
}

const STATES: Record<
  string,
  { text: string; colour: 'error' | 'warning' | 'success' | 'neutral' | 'info' | 'primary' }
> = {
  new: { text: 'New', colour: 'info' },
  regressed: { text: 'Regressed', colour: 'error' },
  escalating: { text: 'Escalating', colour: 'warning' },
  archived_forever: { text: 'Archived', colour: 'neutral' },
  archived_until_condition: { text: 'Archived until…', colour: 'neutral' },
  archived_until_escalating: { text: 'Archived until it escalates', colour: 'neutral' },
  resolved: { text: 'Resolved', colour: 'success' },
}

/** What a row says of an issue's state; nothing of the usual one. */
export function stateOf(issue: Pick<Issue, 'status' | 'substatus'>) {
  if (issue.status === 'resolved') return STATES.resolved
  return issue.substatus ? STATES[issue.substatus] : undefined
}
