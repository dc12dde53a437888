//! The silos: one folder each, with the same file names in every one.

pub mod analytics;
pub mod crm;
pub mod reviews;
pub mod sales;
pub mod support;
pub mod surveys;
