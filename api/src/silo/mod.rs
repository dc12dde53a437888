//! THE list of silos. Whoever adds one adds a folder with the same file names and a line in each list here.

use crate::identity::place::RecordKind;

pub mod analytics;
pub mod crm;
pub mod reviews;
pub mod sales;
pub mod support;
pub mod surveys;

/// All tables that a mapping may fill, silo by silo, then the catalogue.
pub fn record_kinds() -> impl Iterator<Item = &'static RecordKind> {
    [
        surveys::record::RECORDS,
        sales::record::RECORDS,
        analytics::record::RECORDS,
        support::record::RECORDS,
        reviews::record::RECORDS,
        crm::record::RECORDS,
        crate::catalogue::record::RECORDS,
    ]
    .into_iter()
    .flatten()
}
