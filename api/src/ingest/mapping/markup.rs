//! Text from HTML, and plain text as it is. Which of the two a text is nobody says: it is HTML if a tag that HTML knows or an
//! entity stands in it. `<max@example.org>` is neither, nor is the `&` between two names.

use std::borrow::Cow;

/// The tags that messages and notes are written with, and those whose content no reader shall see.
const TAGS: &[&str] = &[
    "a",
    "abbr",
    "address",
    "article",
    "aside",
    "b",
    "base",
    "big",
    "blockquote",
    "body",
    "br",
    "button",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "fieldset",
    "figcaption",
    "figure",
    "font",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "i",
    "iframe",
    "img",
    "input",
    "ins",
    "kbd",
    "label",
    "li",
    "link",
    "main",
    "mark",
    "meta",
    "nav",
    "noscript",
    "o:p",
    "object",
    "ol",
    "option",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "script",
    "section",
    "select",
    "small",
    "span",
    "strike",
    "strong",
    "style",
    "sub",
    "summary",
    "sup",
    "svg",
    "table",
    "tbody",
    "td",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "video",
    "wbr",
];

/// The text without its markup.
pub fn without(text: Cow<'_, str>) -> Cow<'_, str> {
    let mut escaped = String::with_capacity(text.len());
    let mut has_tag = false;
    for (index, piece) in text.split('<').enumerate() {
        if index > 0 {
            let is_tag = begins_tag(piece);
            has_tag |= is_tag;
            escaped.push_str(if is_tag { "<" } else { "&lt;" });
        }
        escaped.push_str(piece);
    }
    if !has_tag {
        if !text.split('&').skip(1).any(begins_entity) {
            return text;
        }
        // Lines of a text without tags are lines; to HTML they are blanks.
        escaped = escaped.replace('\n', "<br>");
    }
    nanohtml2text::html2text(&escaped).trim().replace("\r\n", "\n").into()
}

/// Whether what stands behind a `<` is the rest of a tag or comment.
fn begins_tag(rest: &str) -> bool {
    let name = rest.strip_prefix('/').unwrap_or(rest);
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != ':').unwrap_or(name.len());
    let (name, behind) = name.split_at(end);
    let is_known = TAGS.iter().any(|tag| tag.eq_ignore_ascii_case(name));
    let is_declaration =
        rest.starts_with("!--") || rest.get(..8).is_some_and(|text| text.eq_ignore_ascii_case("!doctype"));
    is_declaration
        || is_known && behind.starts_with(|c: char| c == '>' || c == '/' || c.is_whitespace()) && behind.contains('>')
}

/// Whether what stands behind a `&` is the rest of an entity: `amp;`, `#8217;`, `#x2019;`.
fn begins_entity(rest: &str) -> bool {
    let Some((name, _)) = rest.split_once(';') else { return false };
    let digits = |text: &str, is: fn(&char) -> bool| !text.is_empty() && text.chars().all(|c| is(&c));
    match name.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(hex) => digits(hex, char::is_ascii_hexdigit),
            None => digits(number, char::is_ascii_digit),
        },
        None => (2..=31).contains(&name.len()) && digits(name, char::is_ascii_alphanumeric),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_and_markup_goes() {
        let text = |text: &'static str| without(text.into()).into_owned();
        for plain in
            ["a\n\n b < c", "Von: Max <max@example.org>\nAn: uns", "A & B\nC; D", "<Kunde> rief an", "1 <b and more"]
        {
            assert_eq!(text(plain), plain);
        }
        assert_eq!(text("<p>Gr&uuml;&szlig;e</p>"), "Grüße");
        assert_eq!(text("M&uuml;ller\nBerlin <m@example.org>"), "Müller\nBerlin <m@example.org>");
        assert_eq!(text("<p>Von: Max <max@example.org></p><p>Ja</p>"), "Von: Max <max@example.org>\n\nJa");
        assert_eq!(text("eins<br/>zwei<!-- weg -->"), "eins\nzwei");
    }
}
