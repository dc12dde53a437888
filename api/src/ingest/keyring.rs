//! What sources prove themselves with: the secrets that their files name, with the values of the settings.
//!
//! A secret has one purpose and opens nothing else: a public key that checks signatures, or a write key that every browser
//! reads, must not bring records in bulk. A source has up to two of each, so that the old one holds until everybody has the new
//! one. What is presented is compared in constant time, over hashes, so that not even a length is told.

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

/// What a secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Brings streams and files, as a bearer.
    Token,
    /// Names the source of tracking events. Whoever reads a page may know it.
    WriteKey,
    /// Proves webhooks.
    Signature,
    /// Checks the signatures of webhooks. Anybody may know it.
    PublicKey,
}

impl Purpose {
    /// Whether others than the source know such a secret.
    fn is_public(self) -> bool {
        matches!(self, Self::WriteKey | Self::PublicKey)
    }
}

#[derive(Debug)]
struct Key {
    purpose: Purpose,
    secret: Secret,
    hash: [u8; 32],
}

impl Key {
    fn new(purpose: Purpose, secret: &Secret) -> Self {
        Self { purpose, secret: secret.clone(), hash: hash(secret.expose().as_bytes()) }
    }

    fn is(&self, hash: &[u8; 32]) -> bool {
        self.hash.ct_eq(hash).into()
    }
}

impl Keyring {
    /// The secrets that these sources name. A name that the settings do not have is an error that names file and key, and so is a
    /// token that is public elsewhere.
    pub fn try_new<'a>(sources: impl IntoIterator<Item = &'a Source>, secrets: &Secrets) -> Result<Self> {
        let mut keys: BTreeMap<String, Vec<Key>> = BTreeMap::new();
        for source in sources {
            let own = source.secrets.iter().map(|name| (source.purpose(), name));
            for (purpose, name) in own.chain(source.tokens.iter().map(|name| (Purpose::Token, name))) {
                let secret = secrets.get(name).ok_or_else(|| {
                    let file = source.file.as_deref().unwrap_or(&source.key);
                    let variable = name.to_uppercase();
                    Error::bad_input(format!(
                        "Settings: {file}: the source `{}` names the secret `{name}`, which the section [secrets] does not \
                         have. Set secrets.{name} or CUSTOMER360_SECRETS__{variable}.",
                        source.key
                    ))
                })?;
                keys.entry(source.key.clone()).or_default().push(Key::new(purpose, secret));
            }
        }
        let keyring = Self(Arc::new(keys));
        keyring.refuse_public_tokens().map(|()| keyring)
    }

    fn refuse_public_tokens(&self) -> Result<()> {
        let all = || self.0.iter().flat_map(|(source, keys)| keys.iter().map(move |key| (source, key)));
        let public: BTreeMap<_, _> =
            all().filter(|(_, key)| key.purpose.is_public()).map(|(source, key)| (key.hash, source)).collect();
        let mut all_tokens = all().filter(|(_, key)| key.purpose == Purpose::Token);
        match all_tokens.find_map(|(source, key)| Some((source, public.get(&key.hash)?))) {
            None => Ok(()),
            Some((source, other)) => Err(Error::bad_input(format!(
                "Settings: a token of the source `{source}` is also a write key or a public key of `{other}`, which others may \
                 read. Give it a secret of its own."
            ))),
        }
    }

    /// The secrets of a source for this purpose, the newer first, where the text itself is needed.
    pub fn of(&self, source: &str, purpose: Purpose) -> impl Iterator<Item = &Secret> {
        let keys = self.0.get(source).into_iter().flatten();
        keys.filter(move |key| key.purpose == purpose).map(|key| &key.secret)
    }

    /// What the secret of this source that was presented is for; none: it is none of its.
    pub fn purpose(&self, source: &str, presented: &[u8]) -> Option<Purpose> {
        let presented = hash(presented);
        let keys = self.0.get(source).into_iter().flatten();
        // Every key is looked at: how long it takes does not tell which one it was.
        keys.fold(None, |found, key| if key.is(&presented) { Some(key.purpose) } else { found })
    }

    /// Which of these sources has the write key that was presented. Where two have it, it is neither's.
    pub fn owner<'a>(&self, sources: impl IntoIterator<Item = &'a str>, presented: &[u8]) -> Option<&'a str> {
        let presented = hash(presented);
        let (mut owner, mut owners) = (None, 0_usize);
        for source in sources {
            if self.write_keys(source).fold(false, |found, key| found | key.is(&presented)) {
                owner = Some(source);
                owners += 1;
            }
        }
        owner.filter(|_| owners == 1)
    }

    fn write_keys(&self, source: &str) -> impl Iterator<Item = &Key> {
        self.0.get(source).into_iter().flatten().filter(|key| key.purpose == Purpose::WriteKey)
    }

    /// Two of these sources that share a write key: what was presented would not tell which of them is meant.
    pub fn shared<'a>(&self, sources: impl IntoIterator<Item = &'a str>) -> Option<(&'a str, &'a str)> {
        let mut met: BTreeMap<[u8; 32], &str> = BTreeMap::new();
        for source in sources {
            for key in self.write_keys(source) {
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
        let is = |source: &str, presented: &[u8]| keyring.purpose(source, presented) == Some(Purpose::WriteKey);
        assert!(is("web", b"the-new-one") && is("web", b"the-old-one"));
        assert!(is("app", b"the-old-one") && !is("app", b"the-new-one"));
        assert!(!is("web", b"") && !is("none", b"the-old-one"));
        let texts: Vec<_> = keyring.of("web", Purpose::WriteKey).map(Secret::expose).collect();
        assert_eq!(texts, ["the-new-one", "the-old-one"]);
        assert_eq!(keyring.of("web", Purpose::Token).count(), 0);
        assert_eq!(keyring.owner(["web", "app"], b"the-new-one"), Some("web"));
        assert_eq!(keyring.owner(["web", "app"], b"the-old-one"), None);
        assert_eq!(keyring.shared(["web", "app"]), Some(("web", "app")));
        assert_eq!(keyring.shared(["web"]), None);
        assert!(!format!("{keyring:?}").contains("the-new-one"));
    }

    #[test]
    fn a_secret_is_for_one_door() {
        let of = |text: &str| {
            let text = format!("key = \"a\"\nsecrets = [\"new\"]\ntokens = [\"old\"]\n{text}");
            let source = Source::parse(&text, "a.toml", Path::new("")).unwrap();
            let keyring = Keyring::try_new([&source], &secrets()).unwrap();
            assert_eq!(keyring.purpose("a", b"the-old-one"), Some(Purpose::Token));
            keyring.purpose("a", b"the-new-one").unwrap()
        };
        assert_eq!(of("mapping = \"csv-crm\""), Purpose::Token);
        assert_eq!(of("mapping = \"segment\""), Purpose::WriteKey);
        assert_eq!(of("mapping = \"formbricks\""), Purpose::Signature);
        assert_eq!(of("mapping = \"segment\"\nhook = { recipe = \"zendesk\" }"), Purpose::Signature);
        let public = "mapping = \"csv-crm\"\nhook = { recipe = \"standard-webhooks-ed25519\" }";
        assert_eq!(of(public), Purpose::PublicKey);
    }

    #[test]
    fn what_is_public_is_nobodys_token() {
        let desk = |key: &str| {
            let text = format!("key = \"desk\"\nmapping = \"csv-support\"\nsecrets = [\"{key}\"]");
            Source::parse(&text, "desk.toml", Path::new("")).unwrap()
        };
        let web = source("web", "[\"old\"]");
        assert!(Keyring::try_new([&web, &desk("new")], &secrets()).is_ok());
        let error = Keyring::try_new([&web, &desk("old")], &secrets()).unwrap_err().message;
        assert!(error.contains("a token of the source `desk`") && error.contains("of `web`"), "{error}");
        assert!(!error.contains("the-old-one"), "{error}");
        let text = "key = \"web\"\nmapping = \"segment\"\nsecrets = [\"new\"]\ntokens = [\"new\"]";
        let both = Source::parse(text, "web.toml", Path::new("")).unwrap();
        assert!(Keyring::try_new([&both], &secrets()).is_err());
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
