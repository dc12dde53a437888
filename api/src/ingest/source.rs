//! Sources: the installed systems, each declared in a TOML file of its own.
//!
//! ```toml
//! key = "surveys-eu"            # chosen by you, for ever
//! name = "Formbricks Europe"
//! mapping = "formbricks"        # a preset, or the path of a mapping file, seen from this file
//! default_country = "DE"        # of phone numbers that name none
//! priority = 10                 # the higher wins when sources differ
//! expected_every = "1d"         # silence beyond it makes the source stale
//! time_zone = "Europe/Berlin"   # of times that name none
//! [constants]                   # what the mapping asks of its source
//! subdomain = "acme"
//! secrets = ["desk", "desk_old"] # of its webhooks, or its write keys: one or two names of the settings' section [secrets]
//! tokens = ["desk_jobs"]        # what opens `/ingest` (`Purpose` says when `secrets` does)
//! hook = { recipe = "zendesk" } # how its webhooks are proved, where its mapping does not say (`hook::section`)
//! [lookup.touchpoint]           # entries for the mapping's own tables
//! cls1 = "invoice"
//! [[touchpoint]]                # where something happened, asked before the mapping's own rules
//! when = { path = "/group", equals = "Billing" }
//! key = "invoice"
//! ```
//!
//! A preset's key works as a source without any file. The database is not known here.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::hook::section::Hook;
use super::keyring::Purpose;
use super::mapping::document::{Entries, MappingError, read};
use super::mapping::{Mapping, load, own};
use super::preset;
use crate::silo::analytics::preset::segment;

/// The secrets of a source: the new one, and the old one until everybody has the new one.
const MAX_SECRETS: usize = 2;

/// An installed system.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its key.
    pub key: String,
    /// Its name for people.
    pub name: String,
    /// Its silo.
    pub silo: &'static str,
    /// What reads its records.
    pub mapping: Arc<Mapping>,
    /// Country of phone numbers that name none.
    pub default_country: Option<String>,
    /// The higher wins when sources differ.
    pub priority: i32,
    /// Seconds within which a record is expected.
    pub expected_every_seconds: Option<i64>,
    /// Names of what it proves itself with; two while one takes the other's place.
    pub secrets: Vec<String>,
    /// Names of its tokens, where its secrets are for something else.
    pub tokens: Vec<String>,
    /// How its webhooks are proved and read, if it takes any.
    pub hook: Option<Arc<Hook>>,
    /// The file that declares it, where there is one.
    pub file: Option<String>,
}

/// Why a source cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file says something we cannot take.
    #[error("{file}, {error}")]
    Mapping {
        /// The file, or the preset.
        file: String,
        /// The line and what is wrong there.
        error: MappingError,
    },
    /// The file cannot be read.
    #[error("{file} cannot be read: {}", why(error))]
    Unreadable {
        /// The file or folder.
        file: String,
        /// Why.
        error: std::io::Error,
    },
    /// Two files declare one key.
    #[error("{file}: the source `{key}` is declared by another file too; a key belongs to one source")]
    Twice {
        /// The second file.
        file: String,
        /// The key.
        key: String,
    },
    /// Nobody declares the key.
    #[error("unknown source `{key}`; known are {known}. Declare it in a TOML file: key, silo, mapping")]
    Unknown {
        /// The key.
        key: String,
        /// The keys that are known.
        known: String,
    },
}

/// Why a file cannot be read, in words of ours.
fn why(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::NotFound => "it is not there",
        std::io::ErrorKind::PermissionDenied => "its rights do not allow it",
        std::io::ErrorKind::InvalidData => "it is not UTF-8",
        _ => "the system gives an error",
    }
}

impl Source {
    /// Reads a source file; `folder` is where the paths of mapping files start.
    pub fn parse(text: &str, file: &str, folder: &Path) -> Result<Self, SourceError> {
        let in_file = |error| SourceError::Mapping { file: file.to_owned(), error };
        let named = read(text, |mut entries| {
            let node = entries.require("mapping")?;
            Ok((node.text()?.to_owned(), node.line()))
        });
        let (name, line) = named.map_err(in_file)?;
        let mapping = if Path::new(&name).extension().is_some_and(|extension| extension == "toml") {
            let path = folder.join(&name);
            let text =
                fs::read_to_string(&path).map_err(|error| SourceError::Unreadable { file: name.clone(), error })?;
            Mapping::parse(&text).map_err(|error| SourceError::Mapping { file: name, error })?
        } else {
            let text = preset::find(&name).ok_or_else(|| {
                let known: Vec<_> = preset::all().map(|(key, _)| key).collect();
                let known = known.join(", ");
                let message =
                    format!("unknown mapping `{name}`; presets are {known}, and a mapping file ends in .toml");
                in_file(MappingError { line, message })
            })?;
            Mapping::parse(text).map_err(|error| SourceError::Mapping { file: name, error })?
        };
        read(text, |mut entries| {
            entries.take("mapping");
            let key = entries.require("key")?;
            let text = key.text()?;
            let allowed =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.');
            if text.is_empty() || text.len() > 64 || !text.bytes().all(allowed) {
                return Err(key.fail("a key is 1 to 64 small letters, digits, hyphens, underscores and dots"));
            }
            if text == "staff" {
                return Err(key.fail("the source `staff` is the product's own: what its users write"));
            }
            let mut mapping = mapping;
            own::add(&mut mapping, &mut entries)?;
            let secrets = names(&mut entries, "secrets")?;
            let tokens = names(&mut entries, "tokens")?;
            let hook = hook(&mut entries, &mapping, !secrets.is_empty())?;
            let source = Self {
                key: text.to_owned(),
                name: entries.text("name")?.unwrap_or_else(|| mapping.name.clone()),
                silo: entries.take("silo").map(load::silo).transpose()?.unwrap_or(mapping.silo),
                default_country: match entries.take("default_country") {
                    Some(node) => Some(load::country(node)?),
                    None => mapping.default_country.clone(),
                },
                priority: entries.take("priority").map(load::priority).transpose()?.unwrap_or(mapping.priority),
                expected_every_seconds: match entries.take("expected_every") {
                    Some(node) => Some(load::seconds(node)?),
                    None => mapping.expected_every,
                },
                secrets,
                tokens,
                hook: hook.map(Arc::new),
                file: Some(file.to_owned()),
                mapping: Arc::new(mapping),
            };
            entries.finish().map(|()| source)
        })
        .map_err(in_file)
    }

    /// A source that adds nothing to its mapping, of the mapping's own key.
    pub fn of_mapping(mapping: Mapping) -> Self {
        Self {
            key: mapping.key.clone(),
            name: mapping.name.clone(),
            silo: mapping.silo,
            default_country: mapping.default_country.clone(),
            priority: mapping.priority,
            expected_every_seconds: mapping.expected_every,
            mapping: Arc::new(mapping),
            secrets: Vec::new(),
            tokens: Vec::new(),
            hook: None,
            file: None,
        }
    }

    /// What its `secrets` are for: its webhooks, if it takes any; its events, if it tracks; else the streams that it sends.
    pub fn purpose(&self) -> Purpose {
        match &self.hook {
            Some(hook) if hook.recipe.has_public_keys() => Purpose::PublicKey,
            Some(_) => Purpose::Signature,
            None if self.mapping.streams().contains(&segment::STREAM) => Purpose::WriteKey,
            None => Purpose::Token,
        }
    }

    fn of_preset(key: &str) -> Option<Result<Self, SourceError>> {
        preset::find(key)?;
        let parsed = Self::parse(&format!("key = \"{key}\"\nmapping = \"{key}\""), key, Path::new(""));
        Some(parsed.map(|source| Self { file: None, ..source }))
    }
}

/// The names of one secret, or of two while one takes the other's place.
fn names(entries: &mut Entries<'_>, key: &'static str) -> Result<Vec<String>, MappingError> {
    let Some(node) = entries.take(key) else { return Ok(Vec::new()) };
    let names = node.list()?.into_iter().map(|name| name.text().map(str::to_owned)).collect::<Result<Vec<_>, _>>()?;
    if names.is_empty() || names.len() > MAX_SECRETS {
        return Err(node.fail(format!("`{key}` has one name, or two while one takes the other's place")));
    }
    Ok(names)
}

/// How a source takes webhooks: as its own `[hook]` says, else as its mapping does; without a secret it takes none.
fn hook(entries: &mut Entries<'_>, mapping: &Mapping, has_secret: bool) -> Result<Option<Hook>, MappingError> {
    match entries.take("hook") {
        None => Ok(if has_secret { mapping.hook.hook() } else { None }),
        Some(node) if !has_secret => {
            Err(node.fail("webhooks need `secrets = [\"…\"]`: without a secret nobody can tell whose they are"))
        }
        Some(node) => mapping.hook.overridden(node, mapping.facts()).map(Some),
    }
}

/// The declared sources.
#[derive(Debug, Clone, Default)]
pub struct Sources(BTreeMap<String, Source>);

impl Sources {
    /// These sources and no folder.
    pub fn of(sources: impl IntoIterator<Item = Source>) -> Self {
        Self(sources.into_iter().map(|source| (source.key.clone(), source)).collect())
    }

    /// Reads every `.toml` file of the folder. Mapping files belong in a folder within it.
    pub fn load(folder: &Path) -> Result<Self, SourceError> {
        let unreadable = |error| SourceError::Unreadable { file: folder.display().to_string(), error };
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_file() && path.extension().is_some_and(|extension| extension == "toml") {
                files.push(path);
            }
        }
        files.sort();
        let mut sources = Self::default();
        for path in files {
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let text =
                fs::read_to_string(&path).map_err(|error| SourceError::Unreadable { file: file.clone(), error })?;
            let source = Source::parse(&text, &file, folder)?;
            if sources.0.contains_key(&source.key) {
                return Err(SourceError::Twice { file, key: source.key });
            }
            sources.0.insert(source.key.clone(), source);
        }
        Ok(sources)
    }

    /// The source of that key: a declared one, else the preset of that name.
    pub fn find(&self, key: &str) -> Result<Source, SourceError> {
        if let Some(source) = self.0.get(key) {
            return Ok(source.clone());
        }
        Source::of_preset(key).unwrap_or_else(|| {
            let declared = self.0.keys().map(String::as_str);
            let known = declared.chain(preset::all().map(|(key, _)| key)).collect::<Vec<_>>().join(", ");
            Err(SourceError::Unknown { key: key.to_owned(), known })
        })
    }

    /// The declared sources, by key.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Source, String> {
        Source::parse(text, "eu.toml", Path::new("")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_source_overrides_its_mapping() {
        let source = parse(
            "key = \"surveys-eu\"\nname = \"Europe\"\nmapping = \"formbricks\"\ndefault_country = \"AT\"\npriority = 7\nexpected_every = \"6h\"\n[lookup.touchpoint]\ncls1 = \"invoice\"\n",
        );
        let source = source.unwrap();
        assert_eq!((source.silo, source.priority), ("surveys", 7));
        assert_eq!((source.default_country.as_deref(), source.expected_every_seconds), (Some("AT"), Some(21_600)));
    }

    #[test]
    fn a_mistake_names_file_and_line() {
        let error = |text| parse(text).unwrap_err();
        assert!(error("key = \"a\"\nmapping = \"nothing\"").starts_with("eu.toml, line 2: unknown mapping `nothing`"));
        assert!(
            error("key = \"a\"\nmapping = \"formbricks\"\ncolour = 1")
                .starts_with("eu.toml, line 3: unknown key `colour`")
        );
        assert!(error("key = \"Ä\"\nmapping = \"formbricks\"").contains("small letters"));
        assert!(error("key = \"a\"\nmapping = \"formbricks\"\n[lookup.x]\na = 1").contains("no table [lookup.x]"));
        assert!(error("key = \"a\"\nmapping = \"formbricks\"\nsecrets = []").starts_with("eu.toml, line 3: `secrets`"));
        assert!(error("key = ").contains("not TOML"));
    }

    #[test]
    fn webhooks_are_taken_as_the_mapping_or_the_file_says() {
        let hook = |text: &str| parse(&format!("key = \"a\"\n{text}")).map(|source| source.hook);
        assert!(hook("mapping = \"formbricks\"").unwrap().is_none(), "without a secret");
        let own = hook("mapping = \"formbricks\"\nsecrets = [\"s\"]").unwrap().unwrap();
        assert!(!own.declared && own.recipe.name == "Formbricks");
        let token =
            "mapping = \"csv-crm\"\nsecrets = [\"s\"]\nhook = { recipe = \"shared-token\", header = \"x-ours\" }";
        assert!(hook(token).unwrap().unwrap().declared);
        assert!(hook("mapping = \"csv-crm\"\nsecrets = [\"s\"]").unwrap().is_none());
        for (text, part) in [
            ("mapping = \"formbricks\"\nhook = {}", "eu.toml, line 3: webhooks need `secrets"),
            ("mapping = \"csv-crm\"\nsecrets = [\"s\"]\nhook = {}", "names no recipe"),
            ("mapping = \"csv-crm\"\nsecrets = [\"s\"]\nhook = { recipe = \"none\" }", "unknown recipe `none`"),
            ("mapping = \"formbricks\"\nsecrets = [\"s\"]\n[hook]\ncolour = 1", "line 5: unknown key `colour`"),
            ("mapping = \"formbricks\"\nsecrets = [\"s\"]\n[hook]\ntolerance = \"9d\"", "at most 1d"),
            (
                "mapping = \"csv-crm\"\nsecrets = [\"s\"]\nhook = { recipe = \"basic\", tolerance = 60 }",
                "signs no timestamp",
            ),
        ] {
            let error = hook(text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_folder_is_read_and_presets_are_sources_too() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.toml"), "key = \"a\"\nmapping = \"maps/m.toml\"").unwrap();
        std::fs::create_dir(folder.path().join("maps")).unwrap();
        let text = crate::ingest::preset::find("csv-crm").unwrap();
        std::fs::write(folder.path().join("maps/m.toml"), text).unwrap();
        let sources = Sources::load(folder.path()).unwrap();
        assert_eq!(sources.find("a").unwrap().silo, "crm");
        assert_eq!(sources.find("segment").unwrap().silo, "analytics");
        assert!(sources.find("b").unwrap_err().to_string().starts_with("unknown source `b`; known are a, "));
        std::fs::write(folder.path().join("b.toml"), "key = \"a\"\nmapping = \"csv-crm\"").unwrap();
        assert!(matches!(Sources::load(folder.path()), Err(SourceError::Twice { .. })));
    }
}
