const NOUNS: Record<string, string> = {
  organization: 'the organisation',
  project: 'project',
  key: 'key',
  member: 'member',
  team: 'team',
  invitation: 'an invitation for',
  token: 'API token',
  graph: 'the graph',
}
const VERBS: Record<string, string> = {
  create: 'made',
  update: 'changed',
  delete: 'deleted',
  revoke: 'revoked',
  rotate: 'rotated',
  add: 'added',
  remove: 'removed',
}
const WHOLE: Record<string, string> = {
  'account.sign_in': 'signed in',
  'account.password': 'changed the password of',
  'invitation.accept': 'accepted an invitation',
  'quarantine.replay': 'replayed quarantined events',
  'team.add_member': 'put somebody into team',
  'team.remove_member': 'took somebody out of team',
}

/** "changed project" of "project.update"; what is not known stays as it is. */
export function actionText(action: string): string {
  const whole = WHOLE[action]
  if (whole) return whole
  const [noun = '', verb = ''] = action.split('.')
  return NOUNS[noun] && VERBS[verb] ? `${VERBS[verb]} ${NOUNS[noun]}` : action
}

const shown = (value: unknown) =>
  value === null || value === undefined ? 'default' : typeof value === 'string' ? value : JSON.stringify(value)

/** What it was and what it is, a line each: "name: Acme → Acme Ltd". */
export function detailsText(details: unknown, path = ''): string[] {
  if (details === null || typeof details !== 'object' || Array.isArray(details))
    return path ? [`${path}: ${shown(details)}`] : []
  const object = details as Record<string, unknown>
  if (path && ('from' in object || 'to' in object)) return [`${path}: ${shown(object.from)} → ${shown(object.to)}`]
  return Object.entries(object).flatMap(([name, value]) => detailsText(value, path ? `${path}.${name}` : name))
}
