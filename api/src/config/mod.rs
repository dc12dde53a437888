//! The settings: defaults, under a TOML file, under the environment. An unknown key is an error that names it, and a
//! setting that is unsafe refuses to start outside development. Each key is documented on its field in `sections`.
//!
//! Secrets come from the file or the environment, never from the command line, and print as `***`.
//! No other module reads the environment, but for `main`, which asks it what to log.

mod check;
mod doors;
mod export;
mod secret;
mod secrets;
mod sections;

use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Format, Toml};
use figment::value::Value;

pub use doors::Doors;
pub use export::Export;
pub use secret::{DatabaseUrl, Secret};
pub use secrets::Secrets;
pub use sections::{Access, Auth, Config, Database, GraphQl, Http, Identity, Intake, Metrics, Mode, Rate};

use crate::error::{Error, Result};

/// The environment variable that names the settings file.
pub const FILE_VARIABLE: &str = "CUSTOMER360_CONFIG";
/// The environment variable that says what is logged; `main` reads it, before there are settings.
pub const LOG_VARIABLE: &str = "CUSTOMER360_LOG";
const PREFIX: &str = "CUSTOMER360_";

/// Settings whose environment value is text even where it reads like a number.
const TEXT_KEYS: [&str; 12] = [
    "database.url",
    "auth.hs256_secret",
    "auth.hs256_secret_file",
    "auth.jwks_file",
    "auth.issuer",
    "auth.audience",
    "identity.deny_list",
    "intake.sources",
    "intake.batch_folder",
    "access.policy",
    "access.cursor_secret",
    "metrics.token",
];

/// A section whose values are all text.
const TEXT_SECTION: &str = "secrets.";

impl Config {
    /// Loads the settings of this process: `file` (or the file that `CUSTOMER360_CONFIG` names), then the environment.
    pub fn load(file: Option<&Path>) -> Result<Self> {
        let named = file.map(Path::to_path_buf).or_else(|| std::env::var_os(FILE_VARIABLE).map(PathBuf::from));
        // A value that is not Unicode cannot be a setting; its key is skipped like any foreign variable.
        let variables = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        Self::load_from(named.as_deref(), variables)
    }

    /// Whether the environment names a database, were it the one that is the default.
    pub fn names_database() -> bool {
        std::env::var_os("DATABASE_URL").is_some()
    }

    /// Loads settings from a file and the given variables: what tests use instead of the process environment.
    pub fn load_from(file: Option<&Path>, variables: impl IntoIterator<Item = (String, String)>) -> Result<Self> {
        let mut figment = Figment::new();
        if let Some(path) = file {
            if !path.is_file() {
                return Err(Error::bad_input(format!(
                    "The settings file {} does not exist. Correct --config or {FILE_VARIABLE}.",
                    path.display()
                )));
            }
            figment = figment.merge(Toml::file_exact(path));
        }
        let mut plain_url = None;
        let mut keys = Vec::new();
        for (name, value) in variables {
            if name == "DATABASE_URL" {
                plain_url = Some(value);
            } else if let Some(key) = name.strip_prefix(PREFIX)
                && ![FILE_VARIABLE, LOG_VARIABLE].contains(&name.as_str())
            {
                keys.push((key.to_ascii_lowercase().replace("__", "."), value));
            }
        }
        if let Some(url) = plain_url {
            figment = figment.merge(("database.url", url));
        }
        keys.sort();
        for (key, value) in keys {
            figment = if TEXT_KEYS.contains(&key.as_str()) || key.starts_with(TEXT_SECTION) {
                figment.merge((key.as_str(), value))
            } else {
                let parsed: Value = value.parse().unwrap_or_else(|never: std::convert::Infallible| match never {});
                figment.merge((key.as_str(), parsed))
            };
        }
        let mut config: Self = figment.extract().map_err(|error| unusable(&error))?;
        config.auth.read_secret_file()?;
        config.secrets.read_files()?;
        check::check(&config)?;
        Ok(config)
    }

    /// The settings in force as TOML, secrets masked: printed at start, and a file to begin with.
    pub fn in_force(&self) -> String {
        toml::to_string_pretty(self).unwrap_or_else(|error| format!("# the settings cannot be printed: {error}\n"))
    }
}

/// What is wrong and at which key; the library's own sentence would name types of ours.
fn unusable(error: &figment::Error) -> Error {
    let key = error.path.join(".");
    let at = if key.is_empty() { String::new() } else { format!(" at `{key}`") };
    let kind = error.kind.to_string();
    Error::bad_input(format!("Settings{at}: {}.", kind.trim_end_matches('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(variables: &[(&str, &str)]) -> Result<Config> {
        Config::load_from(None, variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn what_is_logged_is_no_setting() {
        assert!(load(&[(LOG_VARIABLE, "debug")]).is_ok());
    }

    #[test]
    fn defaults_are_safe_for_development() {
        let config = load(&[]).unwrap();
        assert_eq!(config.env, Mode::Development);
        assert_eq!(config.graphql.max_cost, 5_000);
        assert!(config.http.listen.ip().is_loopback());
    }

    #[test]
    fn environment_wins_over_file_over_default() {
        let file = file("[graphql]\nmax_depth = 9\nmax_aliases = 3\n[database]\nurl = 'sqlite://a'\n");
        let variables = [("CUSTOMER360_GRAPHQL__MAX_DEPTH", "8"), ("DATABASE_URL", "postgres://h/db")];
        let config =
            Config::load_from(Some(file.path()), variables.map(|(k, v)| (k.to_owned(), v.to_owned()))).unwrap();
        assert_eq!((config.graphql.max_depth, config.graphql.max_aliases), (8, 3));
        assert_eq!(config.database.url.as_str(), "postgres://h/db");
    }

    #[test]
    fn an_unknown_key_is_named() {
        for (name, part) in [("CUSTOMER360_GRAPHQL__MAX_DEPHT", "max_depht"), ("CUSTOMER360_GRAFQL", "grafql")] {
            let message = load(&[(name, "8")]).unwrap_err().message;
            assert!(message.contains(part), "{message}");
        }
        let file = file("[http]\nlisten_on = 'x'\n");
        assert!(Config::load_from(Some(file.path()), []).unwrap_err().message.contains("listen_on"));
    }

    #[test]
    fn an_absent_file_is_an_error() {
        let message = Config::load_from(Some(Path::new("no-such-file.toml")), []).unwrap_err().message;
        assert!(message.contains("no-such-file.toml"));
    }

    #[test]
    fn secrets_are_masked() {
        let secret = "correct horse battery staple 0123456789";
        let config = load(&[
            ("CUSTOMER360_AUTH__HS256_SECRET", secret),
            ("DATABASE_URL", "postgres://me:pa55@host/db?password=pa55"),
        ])
        .unwrap();
        for text in [config.in_force(), format!("{config:?}")] {
            assert!(!text.contains("battery") && !text.contains("pa55"), "{text}");
            assert!(text.contains("***") && text.contains("host"));
        }
    }

    #[test]
    fn a_secret_of_digits_stays_text() {
        let digits = "0".repeat(40);
        let config = load(&[("CUSTOMER360_AUTH__HS256_SECRET", &digits)]).unwrap();
        assert_eq!(config.auth.hs256_secret.unwrap().expose(), digits);
    }

    #[test]
    fn production_refuses_what_is_unsafe() {
        let production = ("CUSTOMER360_ENV", "production");
        assert!(load(&[production]).unwrap_err().message.contains("hs256_secret"));
        assert!(load(&[production, ("CUSTOMER360_AUTH__HS256_SECRET", "short")]).is_err());
        let strong = ("CUSTOMER360_AUTH__HS256_SECRET", "0123456789abcdef0123456789abcdef");
        assert!(load(&[production, strong]).is_ok());
        assert!(load(&[production, strong, ("CUSTOMER360_HTTP__ALLOWED_ORIGINS", "[\"*\"]")]).is_err());
        assert!(load(&[production, strong, ("CUSTOMER360_AUTH__LEEWAY_SECONDS", "600")]).is_err());
    }

    #[test]
    fn the_public_development_secret_stays_on_this_machine() {
        let message = load(&[("CUSTOMER360_HTTP__LISTEN", "0.0.0.0:3600")]).unwrap_err().message;
        assert!(message.contains("http.listen"), "{message}");
    }

    #[test]
    fn a_setting_that_cannot_be_is_named() {
        for (variable, key) in [
            ("CUSTOMER360_RATE__REFILL_PER_SECOND", "rate.refill_per_second"),
            ("CUSTOMER360_GRAPHQL__MAX_OPERATIONS", "graphql.max_operations"),
        ] {
            let message = load(&[(variable, "0")]).unwrap_err().message;
            assert!(message.contains(key), "{message}");
        }
    }

    #[test]
    fn a_server_behind_a_proxy_is_told_whose_addresses_it_counts() {
        let secret = ("CUSTOMER360_AUTH__HS256_SECRET", "0123456789abcdef0123456789abcdef");
        let open = [("CUSTOMER360_ENV", "production"), secret, ("CUSTOMER360_HTTP__LISTEN", "0.0.0.0:3600")];
        assert!(load(&open).unwrap().warning().is_some_and(|warning| warning.contains("http.forwarded")));
        let [env, secret, listen] = open;
        let told = load(&[env, secret, listen, ("CUSTOMER360_HTTP__FORWARDED", "true")]).unwrap();
        assert_eq!(told.warning(), None);
        assert_eq!(load(&[]).unwrap().warning(), None);
    }

    #[test]
    fn what_is_printed_can_be_loaded() {
        let printed = load(&[]).unwrap().in_force();
        let file = file(&printed);
        assert_eq!(Config::load_from(Some(file.path()), []).unwrap().in_force(), printed);
    }
}
