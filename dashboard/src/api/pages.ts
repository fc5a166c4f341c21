/** All rows of a list that comes in pages; for lists that are short by nature. */
export async function allPages<T>(
  get: (cursor: string | undefined) => Promise<{ data: unknown[]; next_cursor: string | null }>,
): Promise<T[]> {
  const rows: T[] = []
  let cursor: string | undefined
  do {
    const page = await get(cursor)
    rows.push(...(page.data as T[]))
    cursor = page.next_cursor ?? undefined
  } while (cursor)
  return rows
}
