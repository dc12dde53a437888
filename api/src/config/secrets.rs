//! The secrets of sources, by the names that source files use: text, or a file that holds it, read at start.
//! How a source proves itself with one stands in `ingest::keyring`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize, Serializer};

use super::secret::Secret;
use crate::error::{Error, Result};

/// The section `[secrets]`: `zendesk_eu = "…"`, or `zendesk_eu = { file = "…" }`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secrets(BTreeMap<String, Given>);

/// How a secret is given.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "a secret is text, or { file = \"…\" }")]
enum Given {
    Text(Secret),
    File(File),
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    file: PathBuf,
}

impl Serialize for Given {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

impl Secrets {
    /// These secrets, by name.
    pub fn of<N: Into<String>>(secrets: impl IntoIterator<Item = (N, Secret)>) -> Self {
        Self(secrets.into_iter().map(|(name, secret)| (name.into(), Given::Text(secret))).collect())
    }

    /// The secret of that name.
    pub fn get(&self, name: &str) -> Option<&Secret> {
        match self.0.get(name)? {
            Given::Text(secret) => Some(secret),
            Given::File(_) => None,
        }
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.iter().filter_map(|(name, given)| match given {
            Given::Text(secret) => Some((name.as_str(), secret)),
            Given::File(_) => None,
        })
    }

    /// Reads the files that are named in place of a value.
    pub(super) fn read_files(&mut self) -> Result<()> {
        for (name, given) in &mut self.0 {
            let Given::File(File { file }) = given else { continue };
            let text = std::fs::read_to_string(&*file).map_err(|error| {
                Error::bad_input(format!("Settings: the file of secrets.{name}, {}: {error}.", file.display()))
            })?;
            *given = Given::Text(Secret::new(text.trim()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn load(variables: &[(&str, &str)]) -> Result<Config, String> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load_from(None, variables).map_err(|error| error.message)
    }

    const OWN: [(&str, &str); 2] =
        [("CUSTOMER360_ENV", "production"), ("CUSTOMER360_AUTH__HS256_SECRET", "0123456789abcdef0123456789abcdef")];

    #[test]
    fn text_and_files_are_taken_and_never_printed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "of-the-file-0123456789\n").unwrap();
        let path = path.to_str().unwrap();
        // Digits alone stay text.
        let config =
            load(&[("CUSTOMER360_SECRETS__WEB", "00112233445566778899"), ("CUSTOMER360_SECRETS__DESK__FILE", path)]);
        let config = config.unwrap();
        assert_eq!(config.secrets.get("web").unwrap().expose(), "00112233445566778899");
        assert_eq!(config.secrets.get("desk").unwrap().expose(), "of-the-file-0123456789");
        assert_eq!(config.secrets.get("none"), None);
        for printed in [config.in_force(), format!("{config:?}")] {
            assert!(!printed.contains("001122") && !printed.contains("of-the-file"), "{printed}");
        }
        assert!(config.in_force().contains("web = \"***\""));
    }

    #[test]
    fn what_cannot_be_a_secret_is_named() {
        assert!(load(&[("CUSTOMER360_SECRETS__DESK__FILE", "no-such-file")]).unwrap_err().contains("secrets.desk"));
        assert!(load(&[("CUSTOMER360_SECRETS__EMPTY", "")]).unwrap_err().contains("secrets.empty"));
        assert!(load(&[("CUSTOMER360_SECRETS__A-B", "0123456789abcdef")]).unwrap_err().contains("secrets.a-b"));
        let short = ("CUSTOMER360_SECRETS__WEB", "fifteen-bytes-x");
        assert!(load(&[short]).is_ok());
        let refused = load(&[OWN[0], OWN[1], short]).unwrap_err();
        assert!(refused.contains("secrets.web") && refused.contains("16"), "{refused}");
        assert!(load(&[OWN[0], OWN[1], ("CUSTOMER360_SECRETS__WEB", "sixteen-bytes-xy")]).is_ok());
    }
}
