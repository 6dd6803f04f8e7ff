// Text of tenants that a terminal would obey, made visible: an escape sequence is read, not performed.

/** ESC and its C1 kin become the pictures of themselves (U+2400 block): an escape sequence is read, not performed. */
export function visibleEscapes(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, (control) => String.fromCharCode(0x2400 + control.charCodeAt(0))).replaceAll(/[\u007f-\u009f]/g, '\u2421')
}
