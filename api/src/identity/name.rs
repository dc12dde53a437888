//! Names folded for sorting, searching and comparing. What is shown is never folded.
//!
//! German umlauts have two folds in the wild (`Müller` is written `Mueller` and `Muller`), so the search keeps both. Sorting
//! uses the first. [`sound`] is coarser: it makes spellings of one name equal and serves comparison only.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Titles and salutations, folded: they tell nothing about who somebody is.
const TITLES: [&str; 34] = [
    "ba",
    "bsc",
    "dame",
    "dipl",
    "dr",
    "fr",
    "frau",
    "hd",
    "herr",
    "herrn",
    "hr",
    "ing",
    "lord",
    "ma",
    "madame",
    "mag",
    "mba",
    "med",
    "miss",
    "monsieur",
    "mr",
    "mrs",
    "ms",
    "msc",
    "mx",
    "phd",
    "pd",
    "phil",
    "prof",
    "professor",
    "rer",
    "sir",
    "nat",
    "jur",
];

/// Salutations after which a single word is a family name.
const SALUTATIONS: [&str; 12] =
    ["frau", "fr", "herr", "herrn", "hr", "mr", "mrs", "ms", "miss", "mx", "madame", "monsieur"];

/// Legal forms, folded and without spaces. They are written in many ways and say nothing about which company it is.
const LEGAL_FORMS: [&str; 44] = [
    "ab",
    "ag",
    "as",
    "aps",
    "bv",
    "co",
    "company",
    "corp",
    "corporation",
    "ek",
    "eg",
    "ev",
    "gbr",
    "gesellschaft",
    "ggmbh",
    "gmbh",
    "gmbhcokg",
    "haftungsbeschraenkt",
    "inc",
    "incorporated",
    "kg",
    "kgaa",
    "kgcokg",
    "limited",
    "llc",
    "llp",
    "lp",
    "ltd",
    "mbh",
    "nv",
    "ohg",
    "oy",
    "partg",
    "plc",
    "pty",
    "sa",
    "sarl",
    "sas",
    "se",
    "spa",
    "srl",
    "stiftung",
    "ug",
    "ughaftungsbeschraenkt",
];

/// The sort key of a displayed name: `ä` as `ae`, other diacritics off, lower case, punctuation as one space. The order of the
/// words stays.
pub fn name_sort(text: &str) -> String {
    fold(text, true)
}

/// Both folds for the search: umlauts written out (`mueller`) and plain (`muller`). They are equal for most names.
pub fn search_folds(text: &str) -> [String; 2] {
    let repaired = repair(text);
    [fold(&repaired, true), fold(&repaired, false)]
}

/// The words of a folded name without titles and salutations. A name of nothing else stays whole.
pub fn without_titles(folded: &str) -> String {
    without(folded, &TITLES)
}

/// The words of a folded company name without legal forms and "and". A name of nothing else stays whole.
pub fn without_legal_forms(folded: &str) -> String {
    // `e.K.` and `L.L.C.` fold to single letters; glued they are the form again.
    let mut words: Vec<String> = Vec::new();
    let mut glue = String::new();
    for word in folded.split(' ') {
        if word.chars().count() == 1 && word.chars().all(char::is_alphabetic) {
            glue.push_str(word);
            continue;
        }
        if !glue.is_empty() {
            words.push(std::mem::take(&mut glue));
        }
        words.push(word.to_owned());
    }
    if !glue.is_empty() {
        words.push(glue);
    }
    words.retain(|word| !matches!(word.as_str(), "und" | "and" | "u"));
    without(&words.join(" "), &LEGAL_FORMS)
}

/// Whether a folded word is a title or a salutation.
pub fn is_title(word: &str) -> bool {
    TITLES.contains(&word)
}

/// Whether a folded word is a salutation (`herr`, `mrs`).
pub fn is_salutation(word: &str) -> bool {
    SALUTATIONS.contains(&word)
}

/// A spelling key of one name: letters only, both umlaut folds equal, `ph`/`f`, `th`/`t`, `dt`/`t`, `c`/`k`, `y`/`i`, `ai`/`ei`
/// and doubled letters equal. Coarse on purpose; never shown, never sorted by.
pub fn sound(text: &str) -> String {
    let folded = fold(&repair(text), true);
    let letters: Vec<char> = folded.chars().filter(|c| *c != ' ').collect();
    let mut out = String::with_capacity(folded.len());
    let mut at = 0;
    while let Some(letter) = letters.get(at) {
        // What stands for this letter and the next, or for this one alone.
        let (written, taken) = match (letter, letters.get(at + 1)) {
            ('a', Some('e')) => ("a", 2),
            ('o', Some('e')) => ("o", 2),
            ('u', Some('e')) => ("u", 2),
            ('p', Some('h')) => ("f", 2),
            ('t', Some('h')) | ('d', Some('t')) => ("t", 2),
            ('c', Some('k')) => ("k", 2),
            ('c', Some('h')) => ("ch", 2),
            ('a', Some('i' | 'y')) | ('e', Some('y')) => ("ei", 2),
            ('t', Some('z')) => ("z", 2),
            ('c', _) => ("k", 1),
            ('y', _) => ("i", 1),
            _ => ("", 1),
        };
        let mut one = [0; 4];
        let written = if written.is_empty() { &*letter.encode_utf8(&mut one) } else { written };
        for letter in written.chars() {
            if !out.ends_with(letter) {
                out.push(letter);
            }
        }
        at += taken;
    }
    if out.len() > 3 && out.ends_with('h') && !out.ends_with("ch") && !out.ends_with("sh") {
        out.pop();
    }
    out
}

/// Text that was UTF-8, read as Windows-1252 on its way, put right; anything else unchanged. `MÃ¼ller` is `Müller`.
pub fn repair(text: &str) -> String {
    if !text.contains(['Ã', 'Â', 'Ä', 'Å', 'Ç', 'È']) {
        return text.to_owned();
    }
    let bytes: Option<Vec<u8>> = text.chars().map(windows_1252).collect();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| text.to_owned())
}

fn without(folded: &str, words: &[&str]) -> String {
    let kept: Vec<&str> = folded.split(' ').filter(|word| !words.contains(word)).collect();
    if kept.is_empty() { folded.to_owned() } else { kept.join(" ") }
}

fn fold(text: &str, umlauts_written_out: bool) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    for c in text.nfc().flat_map(char::to_lowercase) {
        match (c, umlauts_written_out) {
            ('a'..='z' | '0'..='9', _) => out.push(c),
            ('ä', true) | ('æ', _) => out.push_str("ae"),
            ('ö', true) | ('œ', _) => out.push_str("oe"),
            ('ü', true) => out.push_str("ue"),
            ('ß', _) => out.push_str("ss"),
            ('ø', _) => out.push('o'),
            ('ł', _) => out.push('l'),
            ('ı', _) => out.push('i'),
            ('đ' | 'ð', _) => out.push('d'),
            ('þ', _) => out.push_str("th"),
            // O'Brien and OBrien are one name.
            ('\'' | '\u{2019}' | '\u{2018}' | '`' | '\u{b4}', _) => {}
            _ if is_combining_mark(c) => {
                // A mark on a Latin letter goes; in other scripts marks are part of the spelling.
                if !out.is_empty() && !out.ends_with(|last: char| last.is_ascii()) {
                    out.push(c);
                }
            }
            _ => match std::iter::once(c).nfd().next() {
                Some(base) if base.is_ascii_alphanumeric() => out.push(base.to_ascii_lowercase()),
                _ if c.is_alphanumeric() => out.push(c),
                _ => {
                    if !out.is_empty() && !out.ends_with(' ') {
                        out.push(' ');
                    }
                }
            },
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// The byte that Windows-1252 shows as this character.
fn windows_1252(c: char) -> Option<u8> {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match u8::try_from(u32::from(c)) {
        Ok(byte) => Some(byte),
        Err(_) => HIGH.iter().position(|high| *high == c).and_then(|at| u8::try_from(0x80 + at).ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_without_marks_and_case() {
        assert_eq!(name_sort("Dr. Jörg  Müller-Groß"), "dr joerg mueller gross");
        assert_eq!(name_sort("Łukasz Wójcik"), "lukasz wojcik");
        assert_eq!(name_sort("Seán O’Brien"), "sean obrien");
        assert_eq!(name_sort("u\u{308}ber"), "ueber");
        assert_eq!(name_sort("  --  "), "");
        assert_eq!(name_sort("李小龍"), "李小龍");
    }

    #[test]
    fn the_search_knows_both_umlaut_folds() {
        assert_eq!(search_folds("Müller"), ["mueller", "muller"]);
        assert_eq!(search_folds("MÃ¼ller"), ["mueller", "muller"]);
    }

    #[test]
    fn titles_and_legal_forms_come_off() {
        assert_eq!(without_titles(&name_sort("Frau Prof. Dr. Anna Beck")), "anna beck");
        assert_eq!(without_titles("dr"), "dr");
        assert_eq!(without_legal_forms(&name_sort("Beck & Söhne GmbH & Co. KG")), "beck soehne");
        assert_eq!(without_legal_forms(&name_sort("Beck und Söhne e.K.")), "beck soehne");
        assert_eq!(without_legal_forms(&name_sort("Acme L.L.C.")), "acme");
    }

    #[test]
    fn spellings_of_one_name_sound_alike() {
        for (a, b) in [
            ("Müller", "Muller"),
            ("Mueller", "Müller"),
            ("Stefan", "Stephan"),
            ("Katrin", "Kathrin"),
            ("Hannah", "Hanna"),
            ("Meyer", "Maier"),
            ("Schmidt", "Schmitt"),
            ("Philipp", "Philip"),
            ("Catherine", "Katherine"),
        ] {
            assert_eq!(sound(a), sound(b), "{a} {b}");
        }
        assert_ne!(sound("Jan"), sound("Jana"));
        assert_ne!(sound("Koch"), sound("Kok"));
    }
}
