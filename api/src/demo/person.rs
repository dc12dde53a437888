//! Who the customers are: people, households, companies with their people, and visitors without a name.
//!
//! A customer follows from the seed and the number alone. Twelve numbers in a row make a street: a company with its
//! people, sometimes a household, people for themselves, sometimes an unknown visitor.

use chrono::Datelike;

use super::company;
use super::dice::{Clock, Dice};
use super::names::{self, Place, plain};
use super::text::Language;

const STREET: usize = 12;

/// What the customer of a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The one customer who is the same in every run.
    Scripted,
    /// A person for themselves.
    Single,
    /// A company.
    Company,
    /// Someone at the company of that number.
    Employee(usize),
    /// One of two who live together; the number of the first.
    Household(usize),
    /// A visitor who has not said who they are.
    Anonymous,
}

/// The role of the customer of that number.
pub(super) fn role(seed: u64, number: usize) -> Role {
    let (first, place) = (number - number % STREET, number % STREET);
    let mut dice = Dice::new(seed, "street", number / STREET);
    let people = dice.weighted(&[(1, 4), (2, 4), (3, 3), (4, 2), (5, 1)]);
    let household = dice.chance(0.6);
    let visitor = dice.chance(0.7);
    match place {
        0 if first == 0 => Role::Scripted,
        0 => Role::Company,
        place if first > 0 && place <= people => Role::Employee(first),
        place if household && (place == people + 1 || place == people + 2) => Role::Household(first + people + 1),
        place if visitor && place == STREET - 1 => Role::Anonymous,
        _ => Role::Single,
    }
}

/// A customer's company, or a company that is one.
#[derive(Debug, Clone)]
pub(super) struct Company {
    pub(super) number: String,
    pub(super) name: String,
    pub(super) industry: &'static str,
    /// The title of whoever we talk to most.
    pub(super) title: &'static str,
    /// The domain of its addresses.
    pub(super) domain: String,
    pub(super) place: Place,
    pub(super) language: Language,
    pub(super) employees: i64,
}

impl Company {
    /// The company of that number.
    pub(super) fn new(seed: u64, number: usize) -> Self {
        let mut dice = Dice::new(seed, "company", number);
        let language = language(&mut dice);
        let place = Place::new(&mut dice, language, number);
        let (name, industry, title) = names::company(&mut dice, language, &place);
        let first = plain(&name).split('-').take(2).collect::<Vec<_>>().join("-");
        Self {
            number: format!("F-{}", number + 1001),
            domain: format!("{first}-{}.example.com", number + 1001),
            employees: dice.weighted(&[(4, 4), (12, 5), (35, 4), (120, 2), (900, 1)]) + dice.between(0, 5),
            name,
            industry,
            title,
            place,
            language,
        }
    }

    /// The mailbox that everyone there reads.
    pub(super) fn mailbox(&self) -> String {
        format!("info@{}", self.domain)
    }
}

/// A person.
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// The customer's number, counted from 0.
    pub(super) index: usize,
    pub(super) number: String,
    pub(super) given: String,
    pub(super) family: String,
    pub(super) woman: bool,
    pub(super) language: Language,
    pub(super) birth_date: String,
    pub(super) place: Place,
    pub(super) email: String,
    /// A mailbox shared with others: the family's, the office's.
    pub(super) shared_email: Option<String>,
    pub(super) company: Option<Company>,
    pub(super) title: &'static str,
    /// The customer number of whom they live with.
    pub(super) household: Option<String>,
    pub(super) stage: &'static str,
    pub(super) owner: &'static str,
    /// How much happens with them; 1 is the average, few have much more.
    pub(super) level: f64,
    /// How they feel about us, from 0 to 1.
    pub(super) mood: f64,
    /// So many days ago they became known.
    pub(super) since: i64,
}

impl Person {
    /// The person of that number and role.
    pub(super) fn new(seed: u64, clock: &Clock, index: usize, role: Role) -> Self {
        let mut dice = Dice::new(seed, "person", index);
        let company = match role {
            Role::Employee(company) => Some(Company::new(seed, company)),
            _ => None,
        };
        let partner = match role {
            Role::Household(first) if first != index => Some(Self::new(seed, clock, first, Role::Household(first))),
            _ => None,
        };
        let language = match (&company, &partner) {
            (Some(company), _) => company.language,
            (_, Some(partner)) => partner.language,
            _ => language(&mut dice),
        };
        let (given, woman) = names::given(&mut dice, language);
        let family = match &partner {
            Some(partner) => partner.family.clone(),
            None => names::family(&mut dice, language),
        };
        let place = match (&company, &partner) {
            (Some(company), _) => company.place.clone(),
            (_, Some(partner)) => partner.place.clone(),
            _ => Place::new(&mut dice, language, index),
        };
        let number = index + 1001;
        let shared_email = match (role, &company) {
            (Role::Household(first), _) => {
                let mailbox = if language == Language::German { "familie" } else { "family" };
                Some(format!("{mailbox}.{}{}@example.org", plain(&family), first + 1001))
            }
            (_, Some(company)) => Some(company.mailbox()),
            _ => None,
        };
        let title = match (&company, role) {
            (Some(company), Role::Employee(first)) if index == first + 1 => company.title,
            (Some(_), _) => names::title(&mut dice),
            _ => "",
        };
        let age = dice.between(24, 79);
        let born = clock.day(-age * 365 - dice.between(0, 364));
        let since = dice.between(20, company::DAYS - 20);
        let stage = dice.weighted(&[
            ("CONSIDERATION", 5),
            ("DECISION", 6),
            ("ONBOARDING", 8),
            ("USAGE", 52),
            ("RENEWAL", 12),
            ("INACTIVE", 10),
            ("TERMINATED", 7),
        ]);
        let mood = match stage {
            "TERMINATED" => dice.share() * 0.5,
            "INACTIVE" => dice.share() * 0.8,
            _ => dice.share().sqrt(),
        };
        Self {
            index,
            number: format!("K-{number}"),
            email: email(&mut dice, &given, &family, number, company.as_ref()),
            shared_email,
            title,
            household: partner.map(|partner| partner.number),
            owner: company::seller(&mut dice, company.is_some(), language == Language::English),
            birth_date: format!("{}-{:02}-{:02}", born.year(), born.month(), born.day()),
            stage,
            // Pareto: most have little, few have much.
            level: (0.42 * (1.0 - dice.share()).powf(-0.6)).min(8.0),
            mood,
            since,
            given,
            family,
            woman,
            language,
            place,
            company,
        }
    }

    /// Given and family name.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.given, self.family)
    }

    /// The name as someone wrote it who had to type it quickly.
    pub(super) fn name_as_typed(&self, dice: &mut Dice) -> String {
        let initial = self.given.chars().next().unwrap_or_default();
        match dice.weighted(&[(0, 5), (1, 3), (2, 2), (3, 2), (4, 1)]) {
            0 => self.name(),
            1 => names::latin(&self.name()),
            2 => format!("{}, {}", self.family, self.given),
            3 => format!("{initial}. {}", self.family),
            _ => self.name().to_uppercase(),
        }
    }

    /// The address as someone typed it: the same, whatever its case.
    pub(super) fn email_as_typed(&self, dice: &mut Dice) -> String {
        match self.email.split_once('@') {
            Some((local, domain)) if dice.chance(0.15) => format!("{local}@{}", domain.to_uppercase()),
            Some((local, domain)) if dice.chance(0.12) => {
                let mut letters = local.chars();
                let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
                format!("{first}{}@{domain}", letters.as_str())
            }
            _ => self.email.clone(),
        }
    }

    /// Whether they have bought anything yet.
    pub(super) fn is_buyer(&self) -> bool {
        !matches!(self.stage, "CONSIDERATION" | "DECISION" | "AWARENESS")
    }

    /// Whether nothing new is to be expected: the days of silence.
    pub(super) fn silent_days(&self) -> i64 {
        match self.stage {
            "INACTIVE" => (self.since / 2).min(220),
            "TERMINATED" => (self.since / 3).min(120),
            _ => 1,
        }
    }

    /// Some day between becoming known and now, counted back from now.
    pub(super) fn some_day(&self, dice: &mut Dice) -> i64 {
        dice.between(self.silent_days(), self.since.max(self.silent_days() + 1))
    }

    /// A score on the NPS scale, by mood.
    pub(super) fn nps(&self, dice: &mut Dice) -> i64 {
        // People answer when thrilled or furious; the middle is silent.
        let mood = (self.mood * 0.8 + dice.share() * 0.35).min(1.0);
        match mood {
            mood if mood < 0.20 => dice.between(0, 3),
            mood if mood < 0.42 => dice.between(4, 6),
            mood if mood < 0.62 => dice.between(7, 8),
            _ => dice.between(9, 10),
        }
    }

    /// A score on a scale from 1, by mood.
    pub(super) fn score(&self, dice: &mut Dice, highest: i64) -> i64 {
        self.nps(dice) * (highest - 1) / 10 + 1
    }

    /// The person's cookie.
    pub(super) fn cookie(&self) -> String {
        format!("c-{:08x}", (self.index + 7).wrapping_mul(2_654_435_761) & 0xffff_ffff)
    }
}

fn language(dice: &mut Dice) -> Language {
    if dice.chance(0.8) { Language::German } else { Language::English }
}

/// An address of their own: the number in it makes sure that nobody else has it.
fn email(dice: &mut Dice, given: &str, family: &str, number: usize, company: Option<&Company>) -> String {
    let (given, family) = (plain(given), plain(family));
    if let Some(company) = company {
        return format!("{given}.{family}{}@{}", number % 12, company.domain);
    }
    let initial = &given[..1];
    let domain = dice.pick(&["example.com", "example.com", "example.org", "example.net"]);
    match dice.position(5) {
        0 => format!("{given}.{family}{number}@{domain}"),
        1 => format!("{initial}.{family}{number}@{domain}"),
        2 => format!("{family}.{given}{number}@{domain}"),
        3 => format!("{given}{number}@{domain}"),
        _ => format!("{given}@{family}-{number}.{domain}"),
    }
}
