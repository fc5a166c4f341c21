import { computed, onScopeDispose, ref, watch, type Ref } from 'vue'
import { api, ask, textOf } from '@/api/client'
import type { components } from '@/api/schema'
import type { Mistake } from '@/components/settings/TextEditor.vue'
import { mistakesOf } from '@/components/settings/mistakes'

type Change = components['schemas']['GraphChange']
const QUIET = 500 // ms without typing, then the server is asked

function put(text: string, dryRun: boolean): Promise<Change> {
  return ask(
    api.PUT('/api/v1/graph', {
      params: { query: { dry_run: dryRun ? '1' : '0' } },
      body: text,
      bodySerializer: (body: unknown) => body as string,
      headers: { 'Content-Type': 'application/toml' },
    }),
  )
}

/**
 * A topology being written. The server checks it while one types; what it would change is in `change`. `inForce` is the text
 * that runs; what ran before this editor's last apply can be put back.
 */
export function useTopologyEditor(inForce: Ref<string | undefined>, applied: () => Promise<unknown>) {
  const text = ref('')
  const mistakes = ref<Mistake[]>()
  const change = ref<Change>()
  const error = ref('')
  const checking = ref(false)
  const applying = ref(false)
  const before = ref<string>()
  let round = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  const differs = computed(() => text.value !== inForce.value)

  async function check() {
    const mine = ++round
    checking.value = true
    try {
      const answer = await put(text.value, true)
      if (mine !== round) return
      change.value = answer
      mistakes.value = undefined
      error.value = ''
    } catch (failure) {
      if (mine !== round) return
      change.value = undefined
      mistakes.value = mistakesOf(failure)
      error.value = mistakes.value ? '' : textOf(failure)
    } finally {
      if (mine === round) checking.value = false
    }
  }

  watch(text, () => {
    clearTimeout(timer)
    round++
    change.value = mistakes.value = undefined
    error.value = ''
    checking.value = false
    if (differs.value) timer = setTimeout(check, QUIET)
  })
  onScopeDispose(() => clearTimeout(timer))

  async function apply(next = text.value): Promise<boolean> {
    const was = inForce.value
    applying.value = true
    error.value = ''
    try {
      await put(next, false)
      before.value = was
      await applied()
      text.value = next
      return true
    } catch (failure) {
      mistakes.value = mistakesOf(failure)
      error.value = mistakes.value ? '' : textOf(failure)
      return false
    } finally {
      applying.value = false
    }
  }

  const rollBack = () => (before.value === undefined ? Promise.resolve(false) : apply(before.value))

  return { text, mistakes, change, error, checking, applying, differs, before, apply, rollBack }
}
