//! Identity.

pub mod place;

/// x
pub fn name_sort(name: &str) -> String {
    name.to_lowercase()
}
