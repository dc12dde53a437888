//! Webhooks, without HTTP and without a database: a [`recipe::Recipe`] says how a product signs its requests, [`verify`]
//! holds a request against it, [`section`] says where in the body the records are, [`body`] and [`event`] make envelopes
//! of them, and what they could not read is read `again`. Everything here is a function of its arguments, the clock included.
//!
//! No product is named in code: what is particular to one is its recipe in `recipe/*.toml` and the `[hook]` of its mapping.

mod again;
mod alone;
pub mod body;
pub mod event;
pub mod place;
pub mod recipe;
pub mod secret;
pub mod section;
pub mod shipped;
pub mod template;
pub mod timestamp;
pub mod verify;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
