export interface Wired {
  name: string
  inputs: string[]
}

export interface Edge {
  from: string
  to: string
  /** The named output that it leaves by; empty: the usual one. */
  output: string
}

/** "route.eu" leaves node `route` by its output `eu`. */
export function edgesOf(nodes: Wired[]): Edge[] {
  return nodes.flatMap((node) =>
    node.inputs.map((input) => {
      const dot = input.indexOf('.')
      return dot < 0
        ? { from: input, to: node.name, output: '' }
        : { from: input.slice(0, dot), to: node.name, output: input.slice(dot + 1) }
    }),
  )
}

/**
 * Rows of names, each node below all that feed it, as high as that allows. What has no node of its own (the journal) makes up
 * the first row. Within a row, nodes stand below what feeds them, so that few lines cross.
 */
export function layersOf(nodes: Wired[]): string[][] {
  const edges = edgesOf(nodes)
  const known = new Set(nodes.map((node) => node.name))
  const sources = [...new Set(edges.map((edge) => edge.from).filter((name) => !known.has(name)))]
  const depth = new Map<string, number>(sources.map((name) => [name, 0]))
  // The server refuses cycles; as many rounds as there are nodes are enough without one.
  for (let round = 0; round <= nodes.length; round++) {
    let moved = false
    for (const node of nodes) {
      const above = edges.filter((edge) => edge.to === node.name).map((edge) => depth.get(edge.from) ?? 0)
      const own = above.length ? Math.max(...above) + 1 : 0
      if (depth.get(node.name) !== own) {
        depth.set(node.name, own)
        moved = true
      }
    }
    if (!moved) break
  }
  const rows: string[][] = []
  for (const name of [...sources, ...nodes.map((node) => node.name)]) {
    const row = depth.get(name) ?? 0
    ;(rows[row] ??= []).push(name)
  }
  const filled = rows.filter((row) => row?.length)
  const place = new Map<string, number>()
  for (const row of filled) {
    const wish = (name: string) => {
      const above = edges.filter((edge) => edge.to === name).map((edge) => place.get(edge.from) ?? 0.5)
      return above.length ? above.reduce((a, b) => a + b, 0) / above.length : 0.5
    }
    row.sort((a, b) => wish(a) - wish(b))
    row.forEach((name, i) => place.set(name, (i + 0.5) / row.length))
  }
  return filled
}
