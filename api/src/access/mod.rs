//! Who may see what: the policy, the viewer, and the permit without which no row can be read.
//!
//! A reader takes a [`Permit`], and [`Permit::select`] is the only start of a select, so a forgotten check does not
//! compile. `object!` declares an object of the graph with the data class of every field. No table is named here.

mod directive;
mod door;
mod mask;
mod object;
mod page;
mod policy;
mod scope;
mod select;
mod viewer;

pub use directive::access;
pub use door::{Door, Entry};
pub use object::{private_id, public_id};
pub use page::{Page, PageArgs, PageInfo, PeriodInput, load};
pub use policy::{Action, Cell, Class, Policy, Rights, Rows, SiloKey, Target};
pub use scope::{
    Context, DataClass, Scope, SiloAccess, permit, seen_text, shown, shown_below, shown_text, visible_text,
};
pub use select::{Order, Select, SiloRow};
pub use viewer::{Grant, Permit, Silo, Viewer, Writes};
