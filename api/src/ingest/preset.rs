//! The mappings that come with the product, gathered from the silos' folders.

use crate::silo;

#[cfg(test)]
pub mod sample;

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
mod hooks;
#[cfg(test)]
mod tests {
    use std::fs;

    use super::sample::{self, Product};
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
    #[test]
    fn every_record_of_every_sample_is_read() {
        let folders = fs::read_dir(sample::root()).unwrap().map(|entry| entry.unwrap().path());
        let mut products: Vec<_> = folders.filter(|path| path.is_dir()).collect();
        products.sort();
        for folder in products {
            let name = folder.file_name().unwrap().to_string_lossy().into_owned();
            let (key, _) = all().find(|(key, _)| *key == name).unwrap_or_else(|| panic!("{name} is no preset"));
            // What a preset leaves to the source.
            let product = Product::with(key, "time_zone = \"Europe/Berlin\"");
            for stream in product.streams() {
                for (at, record) in product.read(&stream).into_iter().enumerate() {
                    let read = record.is_ok() || sample::is_delete(&record);
                    assert!(read, "{name}/{stream}, record {at}: {}", record.unwrap_err());
                }
            }
        }
    }
}
