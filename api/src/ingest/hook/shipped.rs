//! The recipes that come with the product.

use super::super::mapping::document::MappingError;
use super::recipe::Recipe;

/// Name, which mappings and source files give, and text.
const RECIPES: &[(&str, &str)] = &[
    ("basic", include_str!("recipe/basic.toml")),
    ("calendly", include_str!("recipe/calendly.toml")),
    ("chatwoot", include_str!("recipe/chatwoot.toml")),
    ("formbricks", include_str!("recipe/formbricks.toml")),
    ("hubspot-v3", include_str!("recipe/hubspot-v3.toml")),
    ("intercom", include_str!("recipe/intercom.toml")),
    ("shared-token", include_str!("recipe/shared-token.toml")),
    ("standard-webhooks", include_str!("recipe/standard-webhooks.toml")),
    ("standard-webhooks-ed25519", include_str!("recipe/standard-webhooks-ed25519.toml")),
    ("stripe", include_str!("recipe/stripe.toml")),
    ("typeform", include_str!("recipe/typeform.toml")),
    ("zammad", include_str!("recipe/zammad.toml")),
    ("zendesk", include_str!("recipe/zendesk.toml")),
];

/// Their names.
pub fn names() -> impl Iterator<Item = &'static str> {
    RECIPES.iter().map(|(name, _)| *name)
}

/// The recipe of that name.
pub fn find(name: &str) -> Option<Result<Recipe, MappingError>> {
    RECIPES.iter().find(|(known, _)| *known == name).map(|(_, text)| Recipe::parse(text))
}
