import { readonly, ref } from 'vue'

const now = ref(Date.now())
let started = false

/** One clock for all relative times of the page; ticks every five seconds. */
export function useClock() {
  if (!started && typeof window !== 'undefined') {
    started = true
    setInterval(() => (now.value = Date.now()), 5000)
  }
  return readonly(now)
}
