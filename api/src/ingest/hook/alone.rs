//! One record of a body that has several: the body as if it had that alone, so that the section `[hook]` can read it again.

use super::body::slice;

/// What stands around a list is kept with each of its records that is refused, unless it is much.
const AROUND: usize = 16 << 10;

/// The text with this record as the only one of its list. Both are parts of the text.
pub(super) fn of_list(text: &str, list: &str, record: &str) -> String {
    match place(text, list) {
        Some((start, end)) if text.len() - list.len() <= AROUND => {
            format!("{}[{record}]{}", &text[..start], &text[end..])
        }
        _ => record.to_owned(),
    }
}

/// The text with nothing at the other places.
pub(super) fn of_places(text: &str, places: &[Vec<String>], kept: usize) -> String {
    let others = places.iter().enumerate().filter(|(index, _)| *index != kept);
    let mut parts: Vec<_> =
        others.filter_map(|(_, steps)| place(text, slice(text, steps)?)).filter(|(start, end)| end > start).collect();
    parts.sort_unstable();
    let apart = parts.windows(2).all(|two| two[0].1 <= two[1].0);
    let around = |own: (usize, usize)| parts.iter().any(|part| part.0 < own.1 && own.0 < part.1);
    let own = places.get(kept).and_then(|steps| place(text, slice(text, steps)?));
    if !apart || own.is_none_or(around) {
        return text.to_owned();
    }
    let mut alone = text.to_owned();
    for (start, end) in parts.into_iter().rev() {
        alone.replace_range(start..end, "{}");
    }
    alone
}

/// Where a part of a text begins and ends; none: it is no part of it.
fn place(text: &str, part: &str) -> Option<(usize, usize)> {
    let start = part.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    let end = start + part.len();
    (text.get(start..end)? == part).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(path: &str) -> Vec<String> {
        crate::ingest::json::pointer(path).unwrap()
    }

    #[test]
    fn a_record_of_a_list_keeps_what_stands_around_it() {
        let text = r#"{"event":"x","data":[ {"id":1}, {"id":1} ],"v":1.50}"#;
        let list = slice(text, &steps("/data")).unwrap();
        let record = slice(list, &steps("/1")).unwrap();
        assert_eq!(of_list(text, list, record), r#"{"event":"x","data":[{"id":1}],"v":1.50}"#);
        assert_eq!(of_list("[1,2]", &String::from("[1,2]"), "2"), "2", "it is another text");
        let much = format!("{{\"x\":\"{}\",\"data\":[7]}}", "x".repeat(AROUND));
        assert_eq!(of_list(&much, slice(&much, &steps("/data")).unwrap(), "7"), "7");
    }

    #[test]
    fn of_several_places_the_others_are_empty() {
        let text = r#"{"ticket":{"id":1},"article":{"id":2},"user":{"id":3}}"#;
        let places = [steps("/ticket"), steps("/article"), steps("/none")];
        assert_eq!(of_places(text, &places, 0), r#"{"ticket":{"id":1},"article":{},"user":{"id":3}}"#);
        assert_eq!(of_places(text, &places, 1), r#"{"ticket":{},"article":{"id":2},"user":{"id":3}}"#);
        assert_eq!(of_places(text, &[steps("/ticket"), Vec::new()], 0), text, "one within the other");
    }
}
