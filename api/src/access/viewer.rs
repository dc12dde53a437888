//! Who asks, and the proofs that a viewer can be given: [`Permit`] to read a silo, [`Grant`] to change something.
//! Both have private insides, so that nobody else can make one.

use std::marker::PhantomData;
use std::sync::Arc;

use uuid::Uuid;

use super::policy::{Action, Cell, Class, Rights, Rows, SiloKey, Target};
use crate::error::{Error, Result};

/// A silo as a type: each silo folder has one.
pub trait Silo: Send + Sync + 'static {
    /// Its key in the policy.
    const KEY: SiloKey;
}

/// What a change is to, as a type.
pub trait Writes: Send + Sync + 'static {
    /// Its key in the policy.
    const TARGET: Target;
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// Subject of the token.
    pub subject: String,
    /// Roles of the token.
    pub roles: Vec<String>,
    /// The member of staff behind the token, where one is known.
    pub staff_id: Option<Uuid>,
    /// Department of that member of staff.
    pub department: Option<String>,
    rights: Rights,
}

impl Viewer {
    /// A viewer with the rights that a policy gives to the roles.
    pub fn new(subject: String, roles: Vec<String>, rights: Rights) -> Self {
        Self { subject, roles, staff_id: None, department: None, rights }
    }

    /// The same viewer, known as a member of staff.
    #[must_use]
    pub fn known_as(mut self, staff_id: Uuid, department: Option<String>) -> Self {
        self.staff_id = Some(staff_id);
        self.department = department;
        self
    }

    /// What may be read of a silo, to be shown to the viewer.
    pub fn cell(&self, silo: SiloKey) -> &Cell {
        self.rights.of(silo)
    }

    /// Whether and where the viewer may write, to be shown to the viewer.
    pub fn may_write(&self, target: Target) -> Option<Rows> {
        self.rights.may_write(target)
    }

    /// The proof that this viewer may read a silo, or none.
    pub fn permit<S: Silo>(self: &Arc<Self>) -> Option<Permit<S>> {
        self.rights.of(S::KEY).rows.map(|rows| Permit { viewer: self.clone(), rows, silo: PhantomData })
    }

    /// The proof that this viewer may change something, or a refusal.
    pub fn grant<W: Writes>(self: &Arc<Self>) -> Result<Grant<W>> {
        match self.rights.may_write(W::TARGET) {
            Some(rows) => Ok(Grant { viewer: self.clone(), rows, target: PhantomData }),
            None => Err(Error::forbidden(format!("Your roles have no right to change {}.", W::TARGET))),
        }
    }
}

/// Proof that a viewer may read a silo: which rows, and what becomes of each data class.
pub struct Permit<S> {
    viewer: Arc<Viewer>,
    rows: Rows,
    silo: PhantomData<S>,
}

impl<S> Clone for Permit<S> {
    fn clone(&self) -> Self {
        Self { viewer: self.viewer.clone(), rows: self.rows, silo: PhantomData }
    }
}

impl<S: Silo> Permit<S> {
    /// What becomes of a value of this class.
    pub fn action(&self, class: Class) -> Action {
        self.viewer.rights.of(S::KEY).action(class)
    }

    /// Which rows, with the person whose own they are. Own rows of nobody are none.
    pub fn rows(&self) -> (Rows, Uuid) {
        (self.rows, self.viewer.staff_id.unwrap_or_default())
    }

    /// Whoever holds the permit.
    pub fn viewer(&self) -> &Arc<Viewer> {
        &self.viewer
    }

    /// Refuses a filter, a search or an order by a value that the viewer does not see in full.
    pub fn require(&self, class: Class, what: &str) -> Result<()> {
        if self.action(class) == Action::Show {
            return Ok(());
        }
        Err(Error::forbidden(format!(
            "Your roles do not see {what} in full ({}), so it cannot be asked by.",
            class.name()
        )))
    }
}

/// Proof that a viewer may change something.
pub struct Grant<W> {
    viewer: Arc<Viewer>,
    rows: Rows,
    target: PhantomData<W>,
}

impl<W: Writes> Grant<W> {
    /// Whoever holds the grant.
    pub fn viewer(&self) -> &Arc<Viewer> {
        &self.viewer
    }

    /// Which rows may be changed.
    pub fn rows(&self) -> Rows {
        self.rows
    }
}
