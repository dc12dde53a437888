//! The access test: roles see what the policy says, whatever way they ask.
//!
//! * `world` writes one small world (`records`) through the intake, with canaries in every text column;
//! * `document` reads the published schema and makes the questions;
//! * `golden` records what becomes of every field for every role;
//! * `canaries` looks for what a role must not come across in everything the server can be made to say;
//! * `side_doors` asks by what is withheld; `own` asks for other people's rows.

mod canaries;
pub mod document;
mod golden;
mod own;
mod records;
mod side_doors;
pub mod world;
