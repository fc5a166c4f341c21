import type { NavigationItem } from './registry'

const inProject = (name: string) => (project: string) => ({ name, params: { project } })
const under = (part: string) => (path: string) => new RegExp(`^/projects/[^/]+/${part}(/|$)`).test(path)

export const navigation: NavigationItem[] = [
  {
    label: 'Overview',
    icon: 'i-lucide-layout-dashboard',
    section: 'project',
    to: inProject('overview'),
    active: under('overview'),
    keys: 'g o',
  },
  {
    label: 'Issues',
    icon: 'i-lucide-bug',
    section: 'project',
    to: inProject('issues'),
    active: under('issues'),
    keys: 'g i',
  },
  {
    label: 'Events',
    icon: 'i-lucide-list-tree',
    section: 'project',
    to: inProject('events'),
    active: under('events'),
    keys: 'g e',
  },
  {
    label: 'Alerts',
    icon: 'i-lucide-bell',
    section: 'project',
    to: inProject('alerts'),
    active: under('alerts'),
    keys: 'g a',
  },
  {
    label: 'Usage',
    icon: 'i-lucide-gauge',
    section: 'project',
    to: inProject('usage'),
    active: under('usage'),
    keys: 'g u',
  },
  {
    label: 'Settings',
    icon: 'i-lucide-settings',
    section: 'project',
    to: inProject('settings-project'),
    active: under('settings'),
    keys: 'g s',
  },
  {
    label: 'Graph',
    icon: 'i-lucide-workflow',
    section: 'server',
    to: () => ({ name: 'graph' }),
    active: (p) => p.startsWith('/graph'),
    keys: 'g p',
  },
  {
    label: 'Nodes',
    icon: 'i-lucide-server',
    section: 'server',
    to: () => ({ name: 'nodes' }),
    active: (p) => p.startsWith('/nodes'),
    keys: 'g n',
  },
  {
    label: 'Quarantine',
    icon: 'i-lucide-shield-alert',
    section: 'server',
    to: () => ({ name: 'quarantine' }),
    active: (p) => p.startsWith('/quarantine'),
    keys: 'g q',
  },
]
