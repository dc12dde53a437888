//! What sources prove themselves with: the secrets that their files name, with the values of the settings.
//!
//! What a secret is for follows from the door: a bearer token, a write key, the key of a signature. A source has up to two,
//! so that the old one holds until everybody has the new one. What is presented is compared in constant time, over hashes,
//! so that not even a length is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::source::Source;
use crate::config::{Secret, Secrets};
use crate::error::{Error, Result};

/// The secrets of all sources. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Keyring(Arc<BTreeMap<String, Vec<Key>>>);

#[derive(Debug)]
struct Key {
    secret: Secret,
    hash: [u8; 32],
}

impl Key {
    fn new(secret: &Secret) -> Self {
        Self { secret: secret.clone(), hash: hash(secret.expose().as_bytes()) }
    }

    fn is(&self, hash: &[u8; 32]) -> bool {
        self.hash.ct_eq(hash).into()
    }
}

impl Keyring {
    /// The secrets that these sources name. A name that the settings do not have is an error that names file and key.
    pub fn try_new<'a>(sources: impl IntoIterator<Item = &'a Source>, secrets: &Secrets) -> Result<Self> {
        let mut keys: BTreeMap<String, Vec<Key>> = BTreeMap::new();
        for source in sources {
            for name in &source.secrets {
                let secret = secrets.get(name).ok_or_else(|| {
                    let file = source.file.as_deref().unwrap_or(&source.key);
                    let variable = name.to_uppercase();
                    Error::bad_input(format!(
                        "Settings: {file}: the source `{}` names the secret `{name}`, which the section [secrets] does not \
                         have. Set secrets.{name} or CUSTOMER360_SECRETS__{variable}.",
                        source.key
                    ))
                })?;
                keys.entry(source.key.clone()).or_default().push(Key::new(secret));
            }
        }
        Ok(Self(Arc::new(keys)))
    }

    /// The secrets of a source, the newer first: for what has to be signed or checked with the text itself.
    pub fn of(&self, source: &str) -> impl Iterator<Item = &Secret> {
        self.0.get(source).into_iter().flatten().map(|key| &key.secret)
    }

    /// Whether what was presented is a secret of this source.
    pub fn holds(&self, source: &str, presented: &[u8]) -> bool {
        let presented = hash(presented);
        let keys = self.0.get(source).into_iter().flatten();
        // Every key is looked at: how long it takes does not tell which one it was.
        keys.fold(false, |found, key| found | key.is(&presented))
    }

    /// Which of these sources has the secret that was presented. Where two have it, it is neither's.
    pub fn owner<'a>(&self, sources: impl IntoIterator<Item = &'a str>, presented: &[u8]) -> Option<&'a str> {
        let presented = hash(presented);
        let (mut owner, mut owners) = (None, 0_usize);
        for source in sources {
            if self.0.get(source).into_iter().flatten().fold(false, |found, key| found | key.is(&presented)) {
                owner = Some(source);
                owners += 1;
            }
        }
        owner.filter(|_| owners == 1)
    }

    /// Two of these sources that share a secret: what was presented would not tell which of them is meant.
    pub fn shared<'a>(&self, sources: impl IntoIterator<Item = &'a str>) -> Option<(&'a str, &'a str)> {
        let mut met: BTreeMap<[u8; 32], &str> = BTreeMap::new();
        for source in sources {
            for key in self.0.get(source).into_iter().flatten() {
                if let Some(other) = met.insert(key.hash, source)
                    && other != source
                {
                    return Some((other, source));
                }
            }
        }
        None
    }
}

fn hash(presented: &[u8]) -> [u8; 32] {
    Sha256::digest(presented).into()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn source(key: &str, secrets: &str) -> Source {
        let text = format!("key = \"{key}\"\nmapping = \"segment\"\nsecrets = {secrets}");
        Source::parse(&text, &format!("{key}.toml"), Path::new("")).unwrap()
    }

    fn secrets() -> Secrets {
        Secrets::of([("new", Secret::new("the-new-one")), ("old", Secret::new("the-old-one"))])
    }

    #[test]
    fn two_secrets_hold_at_once_for_their_source_alone() {
        let sources = [source("web", "[\"new\", \"old\"]"), source("app", "[\"old\"]")];
        let keyring = Keyring::try_new(&sources, &secrets()).unwrap();
        assert!(keyring.holds("web", b"the-new-one") && keyring.holds("web", b"the-old-one"));
        assert!(keyring.holds("app", b"the-old-one") && !keyring.holds("app", b"the-new-one"));
        assert!(!keyring.holds("web", b"") && !keyring.holds("none", b"the-old-one"));
        assert_eq!(keyring.of("web").map(Secret::expose).collect::<Vec<_>>(), ["the-new-one", "the-old-one"]);
        assert_eq!(keyring.owner(["web", "app"], b"the-new-one"), Some("web"));
        assert_eq!(keyring.owner(["web", "app"], b"the-old-one"), None);
        assert_eq!(keyring.shared(["web", "app"]), Some(("web", "app")));
        assert_eq!(keyring.shared(["web"]), None);
        assert!(!format!("{keyring:?}").contains("the-new-one"));
    }

    #[test]
    fn an_unknown_name_is_told_with_its_file() {
        let error = Keyring::try_new(&[source("web", "[\"nwe\"]")], &secrets()).unwrap_err().message;
        assert!(error.contains("web.toml: the source `web` names the secret `nwe`"), "{error}");
        assert!(error.contains("CUSTOMER360_SECRETS__NWE"), "{error}");
        for wrong in ["[]", "[\"a\", \"b\", \"c\"]", "\"new\""] {
            let text = format!("key = \"a\"\nmapping = \"segment\"\nsecrets = {wrong}");
            assert!(Source::parse(&text, "a.toml", Path::new("")).is_err(), "{wrong}");
        }
    }
}
