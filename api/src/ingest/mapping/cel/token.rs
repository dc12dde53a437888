//! The words of an expression.

/// A word.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name or keyword.
    Name(String),
    /// A number as written.
    Number(String),
    /// A text, its escapes resolved.
    Text(String),
    /// An operator or bracket.
    Sign(&'static str),
}

/// The longer before the shorter.
const SIGNS: [&str; 23] = [
    "||", "&&", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", "(", ")", "[", "]", ".", ",",
    "=",
];

/// The words with their places, or what is wrong and where.
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, (usize, String)> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        let raw = rest.starts_with("r'") || rest.starts_with("r\"");
        let (length, token) = if raw || matches!(first, '\'' | '"') {
            let (length, content) = string(&rest[usize::from(raw)..], raw).map_err(|problem| (at, problem))?;
            (length + usize::from(raw), Token::Text(content))
        } else if first.is_ascii_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            (length, Token::Name(rest[..length].to_owned()))
        } else if first.is_ascii_digit() {
            let length = number(rest);
            (length, Token::Number(rest[..length].to_owned()))
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = sign.ok_or_else(|| (at, format!("`{first}` means nothing here")))?;
            (sign.len(), Token::Sign(sign))
        };
        tokens.push((at, token));
        at += length;
    }
    Ok(tokens)
}

/// The length of the number at the beginning: `1`, `1.5`, `1e3`.
fn number(text: &str) -> usize {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut length = digits(text);
    if let Some(fraction) = text[length..].strip_prefix('.')
        && digits(fraction) > 0
    {
        length += 1 + digits(fraction);
    }
    if let Some(exponent) = text[length..].strip_prefix(['e', 'E']) {
        let sign = usize::from(exponent.starts_with(['+', '-']));
        let figures = digits(&exponent[sign..]);
        if figures > 0 {
            length += 1 + sign + figures;
        }
    }
    length
}

/// The length of the quoted text at the beginning, and its content.
fn string(text: &str, raw: bool) -> Result<(usize, String), String> {
    let mut characters = text.char_indices();
    let quote = characters.next().map_or('"', |(_, quote)| quote);
    let mut content = String::new();
    while let Some((at, c)) = characters.next() {
        match c {
            _ if c == quote => return Ok((at + 1, content)),
            '\n' | '\r' => break,
            '\\' if !raw => {
                let escaped = characters.next().map(|(_, escaped)| escaped);
                content.push(match escaped {
                    Some('n') => '\n',
                    Some('r') => '\r',
                    Some('t') => '\t',
                    Some(same @ ('\\' | '\'' | '"' | '`' | '?')) => same,
                    Some('u') => {
                        let digits: String = characters.by_ref().take(4).map(|(_, digit)| digit).collect();
                        let code = (digits.len() == 4).then(|| u32::from_str_radix(&digits, 16).ok()).flatten();
                        let wrong = "\\u takes the four digits of a character";
                        code.and_then(char::from_u32).filter(|c| *c != '\0').ok_or(wrong)?
                    }
                    _ => return Err("an unknown escape in a text; known are \\n \\r \\t \\\\ \\' \\\" \\u00e4".into()),
                });
            }
            c => content.push(c),
        }
    }
    Err("a text has no end".into())
}
