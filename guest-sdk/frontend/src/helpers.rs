//! Modules of our own that transformed code may import: what decorators, which QuickJS does not know, come down to.

/// What the transform puts before a helper's name, an exact specifier (see `isolet_modules::EXACT`).
pub const PREFIX: &str = "?isolet:frontend";

/// What code with decorators imports.
pub const DECORATORS: &str = "?isolet:frontend/helpers/decorate";

/// The text of the helper that `specifier` asks for.
pub fn text(specifier: &str) -> Option<&'static str> {
    let name = specifier.strip_prefix(PREFIX)?.strip_prefix("/helpers/")?;
    match name {
        "decorate" => Some(DECORATE),
        "decorateParam" => Some("export default (index, decorator) => (target, key) => decorator(target, key, index);"),
        "decorateMetadata" => Some(
            "export default (key, value) => typeof Reflect.metadata === 'function' ? Reflect.metadata(key, value) : undefined;",
        ),
        _ => None,
    }
}

/// TypeScript's decorators (`experimentalDecorators`): the last one first, each may replace what it decorates.
const DECORATE: &str = "export default (decorators, target, key, descriptor) => {
  const isMember = key !== undefined;
  let result = isMember && descriptor === null ? Object.getOwnPropertyDescriptor(target, key) : isMember ? descriptor : target;
  for (const decorator of decorators.toReversed()) {
    const replaced = isMember ? decorator(target, key, result) : decorator(result);
    if (replaced !== undefined && replaced !== null) result = replaced;
  }
  if (isMember && result) Object.defineProperty(target, key, result);
  return result;
};
";
