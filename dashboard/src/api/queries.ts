import { QueryClient } from '@tanstack/vue-query'
import { ApiError } from './client'

/** Server state: kept while asked for again, so that nothing flickers; what the server refuses is not asked twice. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: true,
      retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.status < 500),
      retryDelay: (attempt) => Math.min(1000 * 2 ** attempt, 8000),
    },
  },
})
