//! The demo company: Auental Energie, who sell heat pumps, solar roofs and power to homes and firms, made up by seed.
//!
//! It yields what the real doors would bring: envelopes of eight sources in the formats that their presets read, with the
//! mess of real silos. One person is spelled three ways, families share a mailbox, offices a telephone, and visitors
//! have a cookie long before they have a name. Nothing is random but by the seed, and every time is counted back from
//! the `now` that the caller gives. The texts are made by hand; people, firms and numbers do not exist.
//!
//! No database here, no clock and no command line: [`Demo`] is a pure function of its arguments.

mod company;
mod crm;
mod dice;
mod names;
mod person;
mod queries;
mod reviews;
mod row;
mod sales;
mod scripted;
mod support;
mod surveys;
#[cfg(test)]
mod tests;
mod text;
mod web;

use std::ops::Range;

use chrono::{DateTime, Utc};

pub use company::SOURCES;
pub use queries::{RISK_QUERY, SEARCH_QUERY};
pub use scripted::Scripted;

use crate::ingest::envelope::Envelope;
use crate::ingest::source::{Source, SourceError};
use dice::{Clock, Dice};
use person::{Company, Person, Role, role};

/// The demo company with so many customers.
#[derive(Debug, Clone)]
pub struct Demo {
    seed: u64,
    customers: usize,
    clock: Clock,
}

impl Demo {
    /// The company of that seed. The same seed and moment give the same envelopes, byte for byte; more customers leave the
    /// first ones as they are.
    pub fn new(seed: u64, customers: usize, now: DateTime<Utc>) -> Self {
        Self { seed, customers, clock: Clock::new(now) }
    }

    /// How many customers there are.
    pub fn customers(&self) -> usize {
        self.customers
    }

    /// The sources that the envelopes name, ready to map; their files are [`SOURCES`].
    pub fn sources(&self) -> Result<Vec<Source>, SourceError> {
        company::sources()
    }

    /// Staff, products, touchpoints, questionnaires: to be taken before everything else.
    pub fn catalogue(&self) -> impl Iterator<Item = Envelope> {
        company::catalogue(self.clock)
    }

    /// Everything about the customers of these numbers, oldest first within each, so that whatever is referred to comes
    /// before. Number 0 is the scripted customer. Numbers beyond the last customer give nothing.
    pub fn people(&self, range: Range<usize>) -> Vec<Envelope> {
        let mut all = Vec::new();
        for number in range.start..range.end.min(self.customers) {
            let start = all.len();
            self.customer(number, &mut all);
            all[start..].sort_by_key(|envelope| envelope.received_at);
        }
        all
    }

    /// The customer whom the demo tells of: the same in every run.
    pub fn scripted(&self) -> Scripted {
        scripted::SCRIPTED
    }

    fn customer(&self, number: usize, out: &mut Vec<Envelope>) {
        let clock = &self.clock;
        let mut dice = Dice::new(self.seed, "life", number);
        match role(self.seed, number) {
            Role::Scripted => scripted::everything(self.seed, clock, out),
            Role::Anonymous => web::anonymous(number, clock, &mut dice, out),
            Role::Company => {
                let company = Company::new(self.seed, number);
                crm::company(&company, clock, &mut dice, out);
                sales::company(&company, clock, &mut dice, out);
            }
            role => {
                let person = Person::new(self.seed, clock, number, role);
                crm::person(&person, clock, &mut dice, out);
                for add in [sales::person, support::person, surveys::person, web::person, reviews::person] {
                    add(&person, clock, &mut dice, out);
                }
            }
        }
    }
}
