//! Names, addresses and numbers of people who do not exist.
//!
//! E-mail addresses lie below the domains reserved for examples. Telephone numbers are those that the German and the
//! British regulator keep free for films and books, so nobody's phone rings; none is given twice.

use std::sync::LazyLock;

use super::dice::Dice;
use super::text::Language;

/// The words of one language.
struct Words {
    given: Vec<&'static str>,
    family: Vec<&'static str>,
    streets: Vec<&'static str>,
    /// Groups of places with the same telephone area.
    areas: Vec<Vec<&'static str>>,
    companies: Vec<&'static str>,
}

static GERMAN: LazyLock<Words> = LazyLock::new(|| {
    Words::new(
        include_str!("names/given.de.txt"),
        include_str!("names/family.de.txt"),
        include_str!("names/streets.de.txt"),
        include_str!("names/cities.de.txt"),
        include_str!("names/companies.de.txt"),
    )
});

static ENGLISH: LazyLock<Words> = LazyLock::new(|| {
    Words::new(
        include_str!("names/given.en.txt"),
        include_str!("names/family.en.txt"),
        include_str!("names/streets.en.txt"),
        include_str!("names/cities.en.txt"),
        include_str!("names/companies.en.txt"),
    )
});

impl Words {
    fn new(
        given: &'static str,
        family: &'static str,
        streets: &'static str,
        cities: &'static str,
        companies: &'static str,
    ) -> Self {
        let mut areas: Vec<Vec<&str>> = Vec::new();
        for city in cities.lines() {
            let same = areas.iter_mut().find(|area| area_of(area[0]) == area_of(city));
            match same {
                Some(area) => area.push(city),
                None => areas.push(vec![city]),
            }
        }
        let lines = |file: &'static str| file.lines().collect();
        Self { given: lines(given), family: lines(family), streets: lines(streets), areas, companies: lines(companies) }
    }

    fn of(language: Language) -> &'static Self {
        match language {
            Language::German => &GERMAN,
            Language::English => &ENGLISH,
        }
    }
}

fn area_of(city: &str) -> &str {
    city.rsplit(' ').next().unwrap_or_default()
}

/// Given name, and whether it is a woman's.
pub(super) fn given(dice: &mut Dice, language: Language) -> (String, bool) {
    let line = dice.pick(&Words::of(language).given);
    let (name, gender) = line.rsplit_once(' ').unwrap_or((line, "f"));
    (name.to_owned(), gender == "f")
}

/// Family name.
pub(super) fn family(dice: &mut Dice, language: Language) -> String {
    dice.pick(&Words::of(language).family).to_owned()
}

/// Name, industry and the title of whom we talk to.
pub(super) fn company(dice: &mut Dice, language: Language, place: &Place) -> (String, &'static str, &'static str) {
    let line = dice.pick(&Words::of(language).companies);
    let mut parts = line.split('|');
    let mut part = || parts.next().unwrap_or_default();
    let family = family(dice, language);
    let city = place.city.split(' ').next().unwrap_or_default();
    let name = part().replace("{family}", &family).replace("{city}", city);
    (name, part(), part())
}

/// A title of someone in an office.
pub(super) fn title(dice: &mut Dice) -> &'static str {
    let titles: Vec<_> = include_str!("names/titles.txt").lines().collect();
    dice.pick(&titles)
}

/// Where someone lives or works.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) street: String,
    pub(super) postal_code: String,
    pub(super) city: String,
    pub(super) country: &'static str,
    /// The telephone number: area, and what follows it.
    phone: Option<(&'static str, String)>,
}

impl Place {
    /// A place for the customer of that number. Only so many free telephone numbers exist; who comes later has none.
    pub(super) fn new(dice: &mut Dice, language: Language, number: usize) -> Self {
        let words = Words::of(language);
        let area = &words.areas[number % words.areas.len()];
        let mut parts = dice.pick(area).split(' ');
        let mut part = || parts.next().unwrap_or_default();
        let (postal_code, city, phone) = (part().replace('_', " "), part().replace('_', " "), part());
        let place = number / words.areas.len();
        let phone = phone.split_once('|').filter(|_| place < 1000);
        let street = dice.pick(&words.streets);
        let house = dice.between(1, 140);
        Self {
            street: match language {
                Language::German => format!("{street} {house}"),
                Language::English => format!("{house} {street}"),
            },
            postal_code,
            city,
            country: match language {
                Language::German => "DE",
                Language::English => "GB",
            },
            phone: phone.map(|(area, start)| (area, format!("{start}{place:03}"))),
        }
    }

    /// The telephone number in the spelling of that number; five are known.
    pub(super) fn phone(&self, spelling: usize) -> Option<String> {
        let (area, rest) = self.phone.as_ref()?;
        let abroad = if self.country == "DE" { "49" } else { "44" };
        let short = area.trim_start_matches('0');
        let (head, tail) = rest.split_at(rest.len() - 3);
        Some(match spelling % 5 {
            0 => format!("+{abroad} {short} {rest}"),
            1 => format!("{area} {rest}"),
            2 => format!("00{abroad}{short}{rest}"),
            3 => format!("{area}/{head}-{tail}"),
            _ => format!("+{abroad} (0){short} {head} {tail}"),
        })
    }
}

/// The name as people without umlauts on their keyboard write it: small letters only, `ü` as `ue`.
pub(super) fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for letter in name.to_lowercase().chars() {
        match letter {
            'ä' => plain.push_str("ae"),
            'ö' => plain.push_str("oe"),
            'ü' => plain.push_str("ue"),
            'ß' => plain.push_str("ss"),
            'é' => plain.push('e'),
            'á' => plain.push('a'),
            'ı' => plain.push('i'),
            'ş' => plain.push('s'),
            letter if letter.is_ascii_alphanumeric() => plain.push(letter),
            ' ' | '-' if !plain.ends_with('-') => plain.push('-'),
            _ => {}
        }
    }
    plain.trim_matches('-').to_owned()
}

/// The name in Latin letters without umlauts, capitals kept: Mueller.
pub(super) fn latin(name: &str) -> String {
    let words = name.split(' ').map(|word| {
        let plain = plain(word);
        let mut letters = plain.chars();
        match (word.chars().next().is_some_and(char::is_uppercase), letters.next()) {
            (true, Some(first)) => first.to_uppercase().chain(letters).collect(),
            _ => plain.clone(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

impl Place {
    /// The scripted customer's bakery; its number is the first of Berlin's.
    pub(super) fn berlin() -> Self {
        Self {
            street: "Lindenstraße 12".to_owned(),
            postal_code: "10437".to_owned(),
            city: "Berlin".to_owned(),
            country: "DE",
            phone: Some(("030", "23125000".to_owned())),
        }
    }
}
