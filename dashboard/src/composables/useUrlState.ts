import { computed, type WritableComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'

/** A part of the address's query as a variable; the fallback is left out of the address. `push`: Back undoes the change. */
export function useUrlState(
  name: string,
  fallback = '',
  how: 'replace' | 'push' = 'push',
): WritableComputedRef<string> {
  const route = useRoute()
  const router = useRouter()
  return computed({
    get: () => {
      const value = route.query[name]
      return typeof value === 'string' ? value : fallback
    },
    set: (value) => {
      const query = { ...router.currentRoute.value.query }
      if (value === fallback) delete query[name]
      else query[name] = value
      void router[how]({ query, hash: route.hash })
    },
  })
}
