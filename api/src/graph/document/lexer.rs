//! Bounds a document's text before the parser sees it: bytes, tokens and brackets inside brackets, in one pass without
//! allocation. The parser recurses once per bracket, so this is what keeps a hostile document from exhausting a stack.
//! It agrees with the grammar on every valid prefix; past the first fault the parser stops by itself.

use async_graphql::Pos;

use super::Refusal;
use crate::config::GraphQl;
use crate::error::Code;

/// Brackets of any kind inside one another.
const MAX_BRACKETS: u32 = 64;

/// Refuses a text that is over a limit.
pub(super) fn scan(text: &str, limits: &GraphQl) -> Result<(), Refusal> {
    if text.len() > limits.max_document_bytes {
        let (found, limit) = (text.len() as u64, limits.max_document_bytes as u64);
        return Err(Refusal::too_complex("bytes", found, limit, "max_document_bytes", None));
    }
    let bytes = text.as_bytes();
    let (mut at, mut tokens, mut depth) = (0, 0_u32, 0_u32);
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        at = match byte {
            0 => {
                return Err(Refusal::new(
                    Code::BadUserInput,
                    "The document holds a NUL character.",
                    Some(position(text, start)),
                ));
            }
            b' ' | b'\t' | b'\r' | b'\n' | b',' => {
                at += 1;
                continue;
            }
            b'#' => {
                at += bytes[at..].iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(bytes.len() - at);
                continue;
            }
            b'"' => string_end(bytes, at),
            b'{' | b'[' | b'(' => {
                depth += 1;
                if depth > MAX_BRACKETS {
                    let message = format!("Brackets are nested deeper than {MAX_BRACKETS}.");
                    return Err(Refusal::new(Code::TooComplex, message, Some(position(text, start))));
                }
                at + 1
            }
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                at + 1
            }
            b'_' | b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => at + word_length(&bytes[at..]),
            b'.' if bytes[at..].starts_with(b"...") => at + 3,
            _ => at + 1,
        };
        tokens += 1;
        if tokens > limits.max_tokens {
            let message = format!("The document has more than {} tokens (graphql.max_tokens).", limits.max_tokens);
            return Err(Refusal::new(Code::TooComplex, message, Some(position(text, start))));
        }
    }
    Ok(())
}

fn word_length(bytes: &[u8]) -> usize {
    let number = bytes[0] == b'-' || bytes[0].is_ascii_digit();
    let part =
        |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || (number && matches!(byte, b'.' | b'-' | b'+'));
    bytes.iter().position(|byte| !part(byte)).unwrap_or(bytes.len())
}

/// Where the string that begins at `at` ends; an unfinished one ends with its line, as the grammar says.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut end;
    if bytes[at..].starts_with(b"\"\"\"") {
        end = at + 3;
        while end < bytes.len() {
            if bytes[end..].starts_with(b"\\\"\"\"") {
                end += 4;
            } else if bytes[end..].starts_with(b"\"\"\"") {
                return end + 3;
            } else if bytes[end] == 0 {
                return end;
            } else {
                end += 1;
            }
        }
        return end;
    }
    end = at + 1;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'"' => return end + 1,
            b'\\' => end += 2,
            b'\n' | b'\r' | 0 => return end,
            _ => end += 1,
        }
    }
    end.min(bytes.len())
}

fn position(text: &str, offset: usize) -> Pos {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Pos { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
}
