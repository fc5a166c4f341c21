import { computed, ref } from 'vue'
import { api, ask, setCsrfToken, whenSignedOut } from './client'
import type { components } from './schema'
import { queryClient } from './queries'

type Me = components['schemas']['Me']

const me = ref<Me | null>(null)
let loading: Promise<Me | null> | null = null

function take(answer: Me | null): Me | null {
  me.value = answer
  setCsrfToken(answer?.csrf_token ?? '')
  return answer
}

/** Who is signed in: asked once, then known until the page is left or the session ends. */
export function loadSession(again = false): Promise<Me | null> {
  if (me.value && !again) return Promise.resolve(me.value)
  loading ??= ask(api.GET('/api/v1/me'))
    .then((answer) => take(answer as Me))
    .catch((failure) => {
      if (failure?.status === 401) return take(null)
      throw failure
    })
    .finally(() => (loading = null))
  return loading
}

export async function signIn(email: string, password: string): Promise<void> {
  await ask(api.POST('/api/v1/auth/login', { body: { email, password } }))
  queryClient.clear()
  await loadSession(true)
}

export async function signOut(): Promise<void> {
  await ask(api.POST('/api/v1/auth/logout')).catch(() => undefined)
  take(null)
  queryClient.clear()
}

export function useSession() {
  return {
    me,
    user: computed(() => me.value?.user),
    organizations: computed(() => me.value?.organizations ?? []),
    isInstanceOwner: computed(() => me.value?.user?.is_instance_owner === true),
  }
}

/** `leave` is called when the server no longer knows the session. */
export function watchSession(leave: () => void): void {
  whenSignedOut(() => {
    if (!me.value) return
    take(null)
    leave()
  })
}
