//! The mappings that come with the product, gathered from the silos' folders.

use crate::silo;

/// A mapping that comes with the product: its key, which a source file names, and its text.
pub type Preset = (&'static str, &'static str);

/// All presets.
pub fn all() -> impl Iterator<Item = Preset> {
    let silos = [
        silo::surveys::preset::PRESETS,
        silo::sales::preset::PRESETS,
        silo::analytics::preset::PRESETS,
        silo::support::preset::PRESETS,
        silo::reviews::preset::PRESETS,
        silo::crm::preset::PRESETS,
    ];
    silos.into_iter().flatten().copied()
}

/// The text of the preset of that key.
pub fn find(key: &str) -> Option<&'static str> {
    all().find(|(name, _)| *name == key).map(|(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::mapping::Mapping;

    #[test]
    fn every_preset_loads_under_its_key() {
        let mut seen = Vec::new();
        for (key, text) in all() {
            let mapping = Mapping::parse(text).unwrap_or_else(|error| panic!("{key}: {error}"));
            assert_eq!(mapping.key, key);
            assert!(!seen.contains(&key), "{key} is there twice");
            seen.push(key);
        }
        assert!(find("nothing").is_none());
    }
}
