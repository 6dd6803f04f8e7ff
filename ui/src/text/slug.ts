// The names that a reader chooses: tenants, functions, aliases. They become parts of host names, so the rules are those of host labels.

/** `{function}--{tenant}` becomes one label. */
const SLUG = /^[a-z0-9]+(-[a-z0-9]+)*$/

/** Why a thing may not be called that, or `null`. */
export function slugFault(name: string): string | null {
  if (!SLUG.test(name)) return 'Use lower-case letters, digits and single hyphens between them.'
  if (name.length > 30) return 'At most 30 characters.'
  return null
}
