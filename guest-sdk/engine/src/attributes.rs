//! The attributes of imports as they were written before the standard had them: `import x from './d.json' assert { type: 'json' }`. Asked
//! only of text that does not compile: in text that does, the word stands for something else.

/// What introduced them then, and what does now, at the same length: places stay.
const BEFORE: &[u8] = b"assert";
const NOW: &[u8] = b"with  ";

/// The text with `with` for each such `assert`; `None` where there is none.
pub fn with_for_assert(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = None;
    for (at, _) in text.windows(BEFORE.len()).enumerate().filter(|(_, word)| *word == BEFORE) {
        let end = at + BEFORE.len();
        if is_behind_source(&text[..at]) && text[end..].trim_ascii_start().starts_with(b"{") {
            out.get_or_insert_with(|| text.to_vec())[at..end].copy_from_slice(NOW);
        }
    }
    out
}

/// Whether the text ends with `from` or `import` and a string. No line may end between that and what follows.
fn is_behind_source(text: &[u8]) -> bool {
    let blanks = text.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let Some((quote @ (b'"' | b'\''), inner)) = text[..text.len() - blanks].split_last() else { return false };
    let length = inner.iter().rev().take_while(|byte| *byte != quote && **byte != b'\n').count();
    let before = inner[..inner.len() - length].strip_suffix(&[*quote]).unwrap_or_default().trim_ascii_end();
    before.ends_with(b"from") || before.ends_with(b"import")
}
