//! Items that can be kept, whatever a sender wrote where the database has an index or takes no NUL: the stream and the keys.
//!
//! The payload is judged by the mapping, and stays as it came. A word that is mended here is that of no mapping and of no
//! record that was taken: so what is mended is refused, with its reason, and never takes another's place.

use std::borrow::Cow;

use super::lines::Item;
use super::prepare::{MAX_KEY, Ready};
use super::report::envelope_of;

/// The items with names that the database keeps; most are so already. What was made `ahead` of others is made anew.
pub(super) fn keepable<'a>(items: &'a [Item], ahead: &mut Vec<Ready>) -> Cow<'a, [Item]> {
    let mut all = Cow::Borrowed(items);
    for (index, item) in items.iter().enumerate() {
        let envelope = envelope_of(item);
        let keys = [&envelope.key, &envelope.dedupe_key];
        let wrong = |text: &str| text.contains('\0');
        if envelope.stream.len() <= MAX_KEY
            && !wrong(&envelope.stream)
            && !keys.into_iter().flatten().any(|key| wrong(key))
        {
            continue;
        }
        ahead.clear();
        let envelope = match &mut all.to_mut()[index] {
            Ok(envelope) => envelope,
            Err(rejected) => &mut rejected.envelope,
        };
        envelope.stream = shown(&envelope.stream);
        for key in [&mut envelope.key, &mut envelope.dedupe_key].into_iter().flatten() {
            // Its length is told by whoever reads the record: a mapping may have a key of its own.
            *key = visible(key);
        }
    }
    all
}

/// As much of a name as an index holds.
pub(super) fn shown(name: &str) -> String {
    let mut name = visible(name);
    name.truncate(name.floor_char_boundary(MAX_KEY));
    name
}

fn visible(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::super::lines::Origin;
    use super::*;

    #[test]
    fn what_can_be_kept_is_left_alone() {
        let origin = Origin::new("web");
        let good = origin.envelope("events", Some("ä".repeat(MAX_KEY)), "{}");
        assert!(matches!(keepable(&[Ok(good.clone())], &mut Vec::new()), Cow::Borrowed(_)));
        let mut bad = origin.envelope(&"ä".repeat(MAX_KEY), Some("a\0b".into()), "{}");
        bad.dedupe_key = Some("\0".into());
        let items = [Ok(good.clone()), Ok(bad)];
        let mended = keepable(&items, &mut Vec::new());
        assert_eq!(mended[0], Ok(good));
        let Ok(envelope) = &mended[1] else { panic!("it is refused by its mapping, not here") };
        assert_eq!(envelope.stream.len(), MAX_KEY);
        assert_eq!(envelope.key.as_deref(), Some("a\u{fffd}b"));
        assert_eq!(envelope.dedupe_key.as_deref(), Some("\u{fffd}"));
    }
}
