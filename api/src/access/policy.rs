//! The policy: roles × silo × rows × data class, read from a file. Deny is the default everywhere.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::error::{Error, Result};

/// The policy that is built in.
const BUILT_IN: &str = include_str!("policy.toml");

/// Declares an enum with a text for each variant, as the policy file and the schema write it.
macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        pub enum $name { $($(#[$variant_meta])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The text used in the policy file and in the schema.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

named! {
    /// What a right to read is given for: the six silos, and what stands beside them.
    SiloKey {
        /// The customer, its golden values, identifiers, relations and timeline.
        Customer = "customer",
        /// Questionnaires, invitations, responses.
        Surveys = "surveys",
        /// Notes, opportunities, purchases, contracts.
        Sales = "sales",
        /// Sessions and events.
        Analytics = "analytics",
        /// Tickets and their messages.
        Support = "support",
        /// Ratings, reviews, recommendations.
        Reviews = "reviews",
        /// Master data, consents, preferences.
        Crm = "crm",
        /// Staff, products, touchpoints.
        Catalogue = "catalogue",
        /// Sources, their freshness and what could not be taken in.
        Intake = "intake",
    }
}

named! {
    /// What a value is, for whoever decides who may see it. Every field of the schema declares one.
    Class {
        /// Names, birth date.
        Identity = "identity",
        /// E-mail, phone, address.
        Contact = "contact",
        /// Words that people wrote.
        FreeText = "free_text",
        /// Money.
        Financial = "financial",
        /// What the customer did.
        Behaviour = "behaviour",
        /// Cookies, devices, technical ids.
        Technical = "technical",
        /// Who works here.
        Staff = "staff",
        /// Private notes.
        Internal = "internal",
        /// Anything that says nothing about a person.
        Open = "open",
    }
}

named! {
    /// What a role may change.
    Target {
        /// Questionnaires and invitations.
        Surveys = "surveys",
        /// Opportunities, purchases, contracts.
        Sales = "sales",
        /// Tickets.
        Support = "support",
        /// Contact notes.
        Notes = "notes",
        /// Follow-ups.
        FollowUps = "follow_ups",
        /// Segments.
        Segments = "segments",
        /// Who is the same customer, and corrections of a customer's values.
        Identity = "identity",
        /// Replay and discard of rejected records.
        RejectedRecords = "rejected_records",
        /// Subject access, rectification and erasure.
        PrivacyRequests = "privacy_requests",
        /// Consents.
        Consents = "consents",
        /// Records of sources.
        Intake = "intake",
        /// Sources.
        Sources = "sources",
        /// The policy.
        Policy = "policy",
    }
}

/// Which rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rows {
    /// Those that the person behind the token looks after.
    Own,
    /// All.
    All,
}

/// What becomes of a value of a data class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is null.
    Hide,
    /// Text is masked in place; anything else is null.
    Mask,
    /// It is shown.
    Show,
}

/// What someone may read of one silo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Which rows; none at all without the right to the silo.
    pub rows: Option<Rows>,
    classes: [Action; Class::ALL.len()],
}

impl Cell {
    const NOTHING: Self = Self { rows: None, classes: [Action::Hide; Class::ALL.len()] };

    /// What becomes of a value of this class.
    pub const fn action(&self, class: Class) -> Action {
        self.classes[class as usize]
    }

    fn join(&mut self, other: &Self) {
        self.rows = self.rows.max(other.rows);
        for (mine, theirs) in self.classes.iter_mut().zip(other.classes) {
            *mine = (*mine).max(theirs);
        }
    }
}

/// What someone may do: the rights of all roles of a token, joined cell by cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    read: [Cell; SiloKey::ALL.len()],
    write: BTreeMap<Target, Rows>,
}

impl Rights {
    /// What may be read of a silo.
    pub const fn of(&self, silo: SiloKey) -> &Cell {
        &self.read[silo as usize]
    }

    /// Which rows may be changed, if any.
    pub fn may_write(&self, target: Target) -> Option<Rows> {
        self.write.get(&target).copied()
    }
}

/// The policy in force.
#[derive(Debug, Clone)]
pub struct Policy {
    roles: BTreeMap<String, (String, Rights)>,
}

impl Policy {
    /// The policy that is built in.
    pub fn built_in() -> Result<Self> {
        Self::parse(BUILT_IN)
    }

    /// Reads a policy; what it does not understand is an error, never a right.
    pub fn parse(text: &str) -> Result<Self> {
        let file: File = toml::from_str(text)
            .map_err(|error| Error::bad_input(format!("The access policy cannot be read: {}", error.message())))?;
        let mut roles = BTreeMap::new();
        for (name, role) in file.role {
            let description = role.description.clone();
            roles.insert(name, (description, role.rights()?));
        }
        Ok(Self { roles })
    }

    /// Names and descriptions of the roles.
    pub fn roles(&self) -> impl Iterator<Item = (&str, &str)> {
        self.roles.iter().map(|(name, (description, _))| (name.as_str(), description.as_str()))
    }

    /// The joined rights of roles; a role that the policy does not know is refused.
    pub fn rights<'a>(&self, roles: impl IntoIterator<Item = &'a str>) -> Result<Rights> {
        let mut joined = Rights { read: [Cell::NOTHING; SiloKey::ALL.len()], write: BTreeMap::new() };
        for name in roles {
            let (_, rights) = self.roles.get(name).ok_or_else(|| {
                let known: Vec<&str> = self.roles.keys().map(String::as_str).collect();
                Error::bad_input(format!("There is no such role. The roles are {}.", known.join(", ")))
            })?;
            for (mine, theirs) in joined.read.iter_mut().zip(&rights.read) {
                mine.join(theirs);
            }
            for (target, rows) in &rights.write {
                let mine = joined.write.entry(*target).or_insert(*rows);
                *mine = (*mine).max(*rows);
            }
        }
        Ok(joined)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    role: BTreeMap<String, Role>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Role {
    description: String,
    read: Silos,
    rows: Rows,
    write: Vec<Target>,
    #[serde(default)]
    write_rows: BTreeMap<Target, Rows>,
    classes: BTreeMap<Class, Action>,
    #[serde(default)]
    silo: BTreeMap<SiloKey, Override>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Silos {
    All(Star),
    List(Vec<SiloKey>),
}

#[derive(Deserialize)]
enum Star {
    #[serde(rename = "*")]
    Star,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Override {
    read: Option<bool>,
    rows: Option<Rows>,
    #[serde(default)]
    classes: BTreeMap<Class, Action>,
}

impl Role {
    fn rights(self) -> Result<Rights> {
        let mut read = [Cell::NOTHING; SiloKey::ALL.len()];
        for silo in SiloKey::ALL {
            let special = self.silo.get(silo);
            let named = match &self.read {
                Silos::All(Star::Star) => true,
                Silos::List(list) => list.contains(silo),
            };
            if !special.and_then(|special| special.read).unwrap_or(named) {
                continue;
            }
            let cell = &mut read[*silo as usize];
            cell.rows = Some(special.and_then(|special| special.rows).unwrap_or(self.rows));
            cell.classes[Class::Open as usize] = Action::Show;
            let over = special.into_iter().flat_map(|special| &special.classes);
            for (class, action) in self.classes.iter().chain(over) {
                if *class == Class::Open {
                    return Err(Error::bad_input(
                        "The access policy gives `open` an action; what is open is always shown.",
                    ));
                }
                cell.classes[*class as usize] = *action;
            }
        }
        if let Some(target) = self.write_rows.keys().find(|target| !self.write.contains(target)) {
            return Err(Error::bad_input(format!(
                "The access policy limits the rows of `{target}` for a role that may not write it."
            )));
        }
        let rows = |target: &Target| self.write_rows.get(target).copied().unwrap_or(self.rows);
        Ok(Rights { read, write: self.write.iter().map(|target| (*target, rows(target))).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_policy_holds_the_table_of_the_design() {
        let policy = Policy::built_in().unwrap();
        let marketing = policy.rights(["marketing"]).unwrap();
        assert_eq!(marketing.of(SiloKey::Support).rows, Some(Rows::All));
        assert_eq!(marketing.of(SiloKey::Customer).action(Class::Contact), Action::Mask);
        assert_eq!(marketing.of(SiloKey::Support).action(Class::Internal), Action::Hide);
        assert_eq!(policy.rights(["admin"]).unwrap().of(SiloKey::Customer).rows, None);
        let sales = policy.rights(["sales"]).unwrap();
        assert_eq!(
            (sales.may_write(Target::Sales), sales.may_write(Target::Notes)),
            (Some(Rows::Own), Some(Rows::All))
        );
    }

    #[test]
    fn several_roles_join_cell_by_cell_and_never_lose() {
        let policy = Policy::built_in().unwrap();
        let names: Vec<&str> = policy.roles().map(|(name, _)| name).collect();
        for a in &names {
            for b in &names {
                let (one, other) = (policy.rights([*a]).unwrap(), policy.rights([*b]).unwrap());
                let both = policy.rights([*a, *b]).unwrap();
                for silo in SiloKey::ALL {
                    for class in Class::ALL {
                        let most = one.of(*silo).action(*class).max(other.of(*silo).action(*class));
                        assert_eq!(both.of(*silo).action(*class), most);
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        assert!(
            Policy::parse("[role.x]\ndescription=''\nread='*'\nrows='all'\nwrite=[]\nclasses={secret='show'}").is_err()
        );
        assert!(Policy::parse("[role.x]\ndescription=''\nread='some'\nrows='all'\nwrite=[]\nclasses={}").is_err());
        assert!(
            Policy::parse("[role.x]\ndescription=''\nread='*'\nrows='all'\nwrite=[]\nclasses={open='hide'}").is_err()
        );
        let unwritten =
            "[role.x]\ndescription=''\nread='*'\nrows='all'\nwrite=['notes']\nwrite_rows={sales='own'}\nclasses={}";
        assert!(Policy::parse(unwritten).unwrap_err().message.contains("sales"));
        assert!(Policy::built_in().unwrap().rights(["nobody"]).is_err());
    }
}
