//! The page to ask, as the commands serve it: only in development, only on a loopback address, only where this server signs
//! its tokens itself. The page is `crate::http::page`.

use std::sync::Arc;

use crate::app::App;
use crate::auth;
use crate::config::{Config, Mode};
use crate::http::Pages;
use crate::http::page::{self, Example, RoleToken, Roles};
use crate::schema;

/// The role that is chosen when the page is first opened stands first; those that see no customer stand last.
const FIRST: &[&str] = &["service", "sales", "marketing", "product", "analyst", "management"];
const LAST: &[&str] = &["integration", "admin"];

/// The page's routes; none where there must be none. `subject` names whom the token of a role is for.
pub fn pages(config: &Config, app: &App, examples: Vec<Example>, subject: fn(&str) -> &str) -> Option<Pages> {
    let own_machine = config.env == Mode::Development && config.http.listen.ip().is_loopback();
    (own_machine && config.auth.jwks_file.is_none())
        .then(|| page::router(roles(config, app, subject), examples, schema::sdl()))
}

/// A token for each role of the policy, signed anew each time it is asked for.
fn roles(config: &Config, app: &App, subject: fn(&str) -> &str) -> Roles {
    let mut roles: Vec<(String, String)> =
        app.roles().map(|(name, description)| (name.to_owned(), description.to_owned())).collect();
    let place = |name: &str| {
        let first = FIRST.iter().position(|one| *one == name).unwrap_or(FIRST.len());
        (LAST.iter().position(|one| *one == name).map_or(0, |last| last + 1), first)
    };
    roles.sort_by_key(|(name, _)| place(name));
    let config = config.clone();
    Arc::new(move || {
        let life = config.auth.max_life_seconds;
        let token = |(role, description): &(String, String)| {
            let token = auth::mint(&config, subject(role), std::slice::from_ref(role), life)?;
            Ok(RoleToken { role: role.clone(), description: description.clone(), token })
        };
        roles.iter().map(token).collect()
    })
}

/// Queries worth trying on any data.
pub fn examples() -> Vec<Example> {
    vec![
        Example::new("Who am I, and what may I see?", include_str!("example/viewer.graphql")),
        Example::new("Customers by last contact", include_str!("example/customers.graphql")).with("first", 10),
        Example::new("One customer, with tickets and timeline", include_str!("example/customer.graphql"))
            .with("number", "K-1001"),
        Example::new("Search, forgiving of typos", include_str!("example/search.graphql")).with("text", "Müller"),
        Example::new("Where each value comes from", include_str!("example/provenance.graphql")).with("first", 3),
        Example::new("Sources and how fresh they are", include_str!("example/sources.graphql")),
        Example::new("Staff, products and touchpoints", include_str!("example/catalogue.graphql")),
    ]
}
