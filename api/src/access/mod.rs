//! Who may see what: the policy, the viewer, and the permit without which no row can be read.
//!
//! A reader takes a [`Permit`], and [`Permit::select`] is the only start of a select that resolvers wait for. What is read
//! past it, by `Database::rows`, stands in a few files that the architecture test lists with their reasons. `object!` declares
//! an object of the graph with the data class of every field. No table is named here.

mod directive;
mod door;
mod extract;
mod fault;
mod mask;
mod object;
mod page;
mod policy;
mod scope;
mod select;
mod told;
mod viewer;
mod works;

pub use directive::access;
pub use door::{Asked, Door, Entry};
pub use extract::{Extract, Given, OutColumn, Place};
pub use fault::UserError;
pub use object::{private_id, public_id};
pub use page::{Page, PageArgs, PageInfo, Pages, PeriodInput, load};
pub use policy::{Action, Cell, Class, Policy, Rights, Rows, SiloKey, Target};
pub use scope::{
    Context, DataClass, Scope, SiloAccess, permit, seen_text, shown, shown_below, shown_text, shown_whole, visible_text,
};
pub use select::{Order, Paged, Select, SiloRow};
pub use told::{Classes, Exported, Form, Told};
pub use viewer::{Grant, Permit, Silo, Viewer, Writes};
pub use works::{Effect, Replayed, Which, Works};
