import { createRouter, createWebHistory, type RouteLocationNormalized } from 'vue-router'
import { loadSession, watchSession } from './api/session'

declare module 'vue-router' {
  interface RouteMeta {
    /** Without navigation around it. */
    bare?: boolean
    /** Also for people who are not signed in. */
    open?: boolean
    title?: string
    /** Pages of the same name are the same component unless this differs. */
    keyOf?: (route: RouteLocationNormalized) => string
  }
}

const perProject = (route: RouteLocationNormalized) => `${String(route.name)} ${String(route.params.project)}`

export const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? undefined : { top: 0 }),
  routes: [
    { path: '/', name: 'home', component: () => import('./pages/home.vue'), meta: { title: 'Mesher' } },
    {
      path: '/sign-in',
      name: 'sign-in',
      component: () => import('./pages/sign-in.vue'),
      meta: { bare: true, open: true, title: 'Sign in' },
    },
    {
      path: '/invitations/:secret',
      name: 'invitation',
      component: () => import('./pages/invitation.vue'),
      meta: { bare: true, open: true, title: 'Invitation' },
    },
    {
      path: '/orgs/:org/overview',
      name: 'overview-organization',
      component: () => import('./pages/overview-organization.vue'),
      meta: { title: 'Organisation' },
    },
    {
      path: '/orgs/:org/settings/:section?',
      name: 'settings-organization',
      component: () => import('./pages/settings-organization.vue'),
      meta: { title: 'Organisation settings' },
    },
    {
      path: '/account/:section?',
      name: 'settings-account',
      component: () => import('./pages/settings-account.vue'),
      meta: { title: 'Account' },
    },
    {
      path: '/projects/:project(\\d+)',
      meta: { keyOf: perProject },
      children: [
        { path: '', redirect: (to) => ({ name: 'issues', params: to.params }) },
        {
          path: 'overview',
          name: 'overview',
          component: () => import('./pages/overview.vue'),
          meta: { title: 'Overview' },
        },
        { path: 'issues', name: 'issues', component: () => import('./pages/issues.vue'), meta: { title: 'Issues' } },
        {
          path: 'issues/:issue(\\d+)',
          name: 'issue',
          component: () => import('./pages/issue.vue'),
          meta: { title: 'Issue', keyOf: (route) => `issue ${String(route.params.issue)}` },
        },
        { path: 'events', name: 'events', component: () => import('./pages/events.vue'), meta: { title: 'Events' } },
        {
          path: 'welcome',
          name: 'welcome',
          component: () => import('./pages/welcome.vue'),
          meta: { title: 'First event' },
        },
        {
          path: 'alerts/:section?/:item?',
          name: 'alerts',
          component: () => import('./pages/alerts.vue'),
          meta: { title: 'Alerts' },
        },
        { path: 'usage', name: 'usage', component: () => import('./pages/usage.vue'), meta: { title: 'Usage' } },
        {
          path: 'settings/:section?',
          name: 'settings-project',
          component: () => import('./pages/settings-project.vue'),
          meta: { title: 'Project settings' },
        },
      ],
    },
    { path: '/graph', name: 'graph', component: () => import('./pages/graph.vue'), meta: { title: 'Graph' } },
    { path: '/nodes', name: 'nodes', component: () => import('./pages/nodes.vue'), meta: { title: 'Nodes' } },
    {
      path: '/quarantine',
      name: 'quarantine',
      component: () => import('./pages/nodes-quarantine.vue'),
      meta: { title: 'Quarantine' },
    },
    {
      path: '/:rest(.*)*',
      name: 'missing',
      component: () => import('./pages/missing.vue'),
      meta: { title: 'Not found' },
    },
  ],
})

router.beforeEach(async (to) => {
  // What the page is made of comes while the server is asked who this is.
  for (const { components } of to.matched) {
    const load = components?.default as unknown
    if (typeof load === 'function') void Promise.resolve((load as () => unknown)()).catch(() => undefined)
  }
  if (!to.meta.bare) void import('./shell/AppShell.vue').catch(() => undefined)
  const me = await loadSession().catch(() => undefined) // the server is away: let the page say so
  if (me === null && !to.meta.open) return { name: 'sign-in', query: to.path === '/' ? {} : { next: to.fullPath } }
  if (me && to.name === 'sign-in') return { name: 'home' }
  return true
})

router.afterEach((to) => {
  document.title = to.meta.title && to.meta.title !== 'Mesher' ? `${to.meta.title} · Mesher` : 'Mesher'
})

/** After the program was replaced, the pieces that this page would load are gone: load the new ones. */
router.onError((error, to) => {
  if (/dynamically imported module|Importing a module/.test(String(error?.message))) location.assign(to.fullPath)
})

watchSession(() => {
  const here = router.currentRoute.value
  if (!here.meta.open) void router.push({ name: 'sign-in', query: { next: here.fullPath, ended: '1' } })
})
