//! How many exports run at once, in all and for one subject: each reads as fast as its reader takes it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Code, Error, Result};

/// The exports under way.
#[derive(Debug)]
pub struct Places {
    in_all: usize,
    of_one: usize,
    taken: Mutex<HashMap<String, usize>>,
}

impl Places {
    /// So many at once in all, and so many of one subject.
    pub fn new(in_all: usize, of_one: usize) -> Arc<Self> {
        Arc::new(Self { in_all, of_one, taken: Mutex::default() })
    }

    /// A place for a subject, given back when dropped.
    pub fn enter(self: &Arc<Self>, subject: &str) -> Result<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.values().sum::<usize>() >= self.in_all {
            return Err(full(&format!("{} exports are under way already (export.at_once).", self.in_all)));
        }
        let own = taken.entry(subject.to_owned()).or_default();
        if *own >= self.of_one {
            return Err(full(&format!("You have {} exports under way already (export.per_subject).", self.of_one)));
        }
        *own += 1;
        Ok(Place { places: Arc::clone(self), subject: subject.to_owned() })
    }
}

fn full(which: &str) -> Error {
    Error::new(Code::RateLimited, format!("{which} Try again when one of them has ended."))
}

/// One export under way.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    subject: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.subject) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                taken.remove(&self.subject);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_given_back() {
        let places = Places::new(2, 1);
        let first = places.enter("a").unwrap();
        assert_eq!(places.enter("a").unwrap_err().code, Code::RateLimited);
        let second = places.enter("b").unwrap();
        assert_eq!(places.enter("c").unwrap_err().code, Code::RateLimited);
        drop((first, second));
        assert!(places.taken.lock().unwrap().is_empty());
        assert!(places.enter("a").is_ok());
    }
}
