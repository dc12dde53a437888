//! A vector for each shipped recipe. That of Standard Webhooks is the specification's own; the others were computed with
//! OpenSSL from what the vendors document, so they hold our code against another's, not against the vendor's.

use axum::http::{HeaderMap, HeaderName};
use chrono::{DateTime, TimeDelta, Utc};

use super::recipe::Recipe;
use super::secret::Keys;
use super::shipped;
use super::verify::{Proof, Refusal, Request};

const KEY: &str = "the secret of this source alone";
const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const EVENT: &str = r#"{"id":"evt_1","text":"Grüße"}"#;
const NOW: i64 = 1_795_000_000;

/// A request that holds.
pub(super) struct Vector {
    recipe: &'static str,
    secret: &'static str,
    pub body: &'static str,
    at: i64,
    pub headers: &'static [(&'static str, &'static str)],
    /// What tells its repetition; a hash by its kind alone.
    ids: &'static [&'static str],
}

pub(super) const VECTORS: &[Vector] = &[
    Vector {
        recipe: "standard-webhooks",
        secret: WHSEC,
        body: r#"{"test": 2432232314}"#,
        at: 1_614_265_330,
        headers: &[
            ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("webhook-timestamp", "1614265330"),
            ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ],
        ids: &["id:msg_p5jXN8AQM9LWM0D4loKWxJek"],
    },
    Vector {
        recipe: "standard-webhooks-ed25519",
        secret: "whpk_ftpKfNiLaJuhm4Zx71CHShrmuJK2U/uFJnVjGtYqAO8=",
        body: r#"{"id":"evt_1"}"#,
        at: NOW,
        headers: &[
            ("webhook-id", "msg_1"),
            ("webhook-timestamp", "1795000000"),
            (
                "webhook-signature",
                "v1a,OWSy/K1NSEv6Z+HkXH8YDJ9ujxx8d522OBn6l1EdJxiLVWKgrpiHBCkvm8u+GXH/Kr4d2ClCy+iOnC3kv8H9Cg==",
            ),
        ],
        ids: &["id:msg_1"],
    },
    Vector {
        recipe: "formbricks",
        secret: WHSEC,
        body: EVENT,
        at: NOW,
        headers: &[
            ("webhook-id", "01936b2e-7d2a-7c1e-9f00-000000000001"),
            ("webhook-timestamp", "1795000000"),
            ("webhook-signature", "v1,C98FXML2VfzhQi+wQShzrTp5j+riOCualJzBW3mNQtM="),
        ],
        ids: &["id:01936b2e-7d2a-7c1e-9f00-000000000001"],
    },
    Vector {
        recipe: "zendesk",
        secret: KEY,
        body: EVENT,
        at: NOW,
        headers: &[
            ("x-zendesk-webhook-signature", "UmB5DtwK/gFrzaCvTGiSYgSrd0C65fLPCJOpxcq6KoM="),
            ("x-zendesk-webhook-signature-timestamp", "2026-11-18T11:06:40Z"),
        ],
        ids: &["signed:"],
    },
    Vector {
        recipe: "hubspot-v3",
        secret: KEY,
        body: EVENT,
        at: NOW,
        headers: &[
            ("x-hubspot-signature-v3", "5X0PfNolSLjzJvkNPUwv/DrADDBkvscQYoB9xiJuq68="),
            ("x-hubspot-request-timestamp", "1795000000000"),
        ],
        ids: &["signed:"],
    },
    Vector {
        recipe: "typeform",
        secret: KEY,
        body: EVENT,
        at: NOW,
        headers: &[("typeform-signature", "sha256=wOIGE8R9aYIAfAoAvxr3irVea8AXsNWbnmBxj+UrKDs=")],
        ids: &[],
    },
    Vector {
        recipe: "intercom",
        secret: KEY,
        body: EVENT,
        at: NOW,
        headers: &[("x-hub-signature", "sha1=ae0ac1428427cbac903d7cbe831c53a97696274a")],
        ids: &["id:evt_1"],
    },
    Vector {
        recipe: "zammad",
        secret: KEY,
        body: EVENT,
        at: NOW,
        headers: &[("x-hub-signature", "sha1=ae0ac1428427cbac903d7cbe831c53a97696274a")],
        ids: &[],
    },
    Vector {
        recipe: "chatwoot",
        secret: KEY,
        body: EVENT,
        at: NOW,
        headers: &[
            ("x-chatwoot-signature", "sha256=a2f95ef7f6d67349b45b81f81492d9540a39b1971282111cb0ff7bb3bb94a761"),
            ("x-chatwoot-timestamp", "1795000000"),
        ],
        ids: &["signed:"],
    },
    Vector {
        recipe: "calendly",
        secret: KEY,
        body: EVENT,
        at: NOW,
        headers: &[(
            "calendly-webhook-signature",
            "t=1795000000,v1=a2f95ef7f6d67349b45b81f81492d9540a39b1971282111cb0ff7bb3bb94a761",
        )],
        ids: &["signed:"],
    },
    Vector {
        recipe: "stripe",
        secret: KEY,
        body: EVENT,
        at: NOW,
        headers: &[(
            "stripe-signature",
            "t=1795000000,v1=00ff,v1=a2f95ef7f6d67349b45b81f81492d9540a39b1971282111cb0ff7bb3bb94a761,v0=aa",
        )],
        ids: &["id:evt_1", "signed:"],
    },
    Vector {
        recipe: "shared-token",
        secret: KEY,
        body: EVENT,
        at: NOW,
        headers: &[("x-webhook-token", KEY)],
        ids: &[],
    },
    Vector {
        recipe: "basic",
        secret: "freshdesk:a password: with a colon",
        body: EVENT,
        at: NOW,
        headers: &[("authorization", "Basic ZnJlc2hkZXNrOmEgcGFzc3dvcmQ6IHdpdGggYSBjb2xvbg==")],
        ids: &[],
    },
];

impl Vector {
    /// Whether a signature covers the body.
    pub fn signs(&self) -> bool {
        !matches!(self.recipe, "shared-token" | "basic")
    }

    /// Whether a timestamp is signed.
    pub fn timed(&self) -> bool {
        self.signs() && !matches!(self.recipe, "typeform" | "intercom" | "zammad")
    }

    pub fn recipe(&self) -> Recipe {
        shipped::find(self.recipe).unwrap().unwrap_or_else(|error| panic!("{}: {error}", self.recipe))
    }

    pub fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.at, 0).unwrap()
    }

    pub fn map(&self) -> HeaderMap {
        self.headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    pub fn verify(
        &self,
        secrets: &[&str],
        headers: &HeaderMap,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Proof, Refusal> {
        let keys = self.recipe().keys(secrets).unwrap();
        let uri = "https://customers.example.com/hooks/crm";
        self.recipe().verify(&keys, &Request { method: "POST", uri, headers, body }, now)
    }

    /// The request with other headers or another body, at its time and with its secret.
    pub fn changed(&self, headers: &HeaderMap, body: &[u8]) -> Result<Proof, Refusal> {
        self.verify(&[self.secret], headers, body, self.now())
    }

    /// Another secret of the same form.
    fn other(&self) -> &'static str {
        match self.recipe {
            "standard-webhooks-ed25519" => "whpk_O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=",
            "basic" => "user:password",
            _ => "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        }
    }
}

#[test]
fn every_shipped_recipe_has_its_vector_and_holds_it() {
    for name in shipped::names() {
        let vector = VECTORS.iter().find(|vector| vector.recipe == name).unwrap_or_else(|| panic!("{name} has none"));
        let headers = vector.map();
        let proof = vector.verify(&[vector.secret], &headers, vector.body.as_bytes(), vector.now());
        let proof = proof.unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        let body = crate::ingest::json::Json::parse(vector.body).unwrap();
        let ids = vector.recipe().ids(&proof, &headers, Some(&body));
        assert_eq!(ids.len(), vector.ids.len(), "{name}: {ids:?}");
        assert!(ids.iter().zip(vector.ids).all(|(id, start)| id.starts_with(start)), "{name}: {ids:?}");
    }
}

#[test]
fn two_secrets_hold_at_once_and_a_third_does_not() {
    for vector in VECTORS {
        let (headers, body) = (vector.map(), vector.body.as_bytes());
        for secrets in [[vector.other(), vector.secret], [vector.secret, vector.other()]] {
            assert!(vector.verify(&secrets, &headers, body, vector.now()).is_ok(), "{}", vector.recipe);
        }
        for secrets in [&[vector.other()][..], &[]] {
            let refusal = vector.verify(secrets, &headers, body, vector.now());
            assert_eq!(refusal, Err(Refusal::Wrong), "{}", vector.recipe);
        }
    }
}

#[test]
fn what_is_too_old_or_ahead_is_refused() {
    for vector in VECTORS.iter().filter(|vector| vector.timed()) {
        let tolerance = TimeDelta::seconds(if vector.recipe == "calendly" { 180 } else { 300 });
        let at = |shift: TimeDelta| vector.verify(&[vector.secret], &vector.map(), vector.body.as_bytes(), vector.now() + shift);
        assert!(at(tolerance).is_ok() && at(-tolerance).is_ok(), "{}", vector.recipe);
        let more = tolerance + TimeDelta::milliseconds(1);
        assert_eq!(at(more), Err(Refusal::Stale), "{}", vector.recipe);
        assert_eq!(at(-more), Err(Refusal::Future), "{}", vector.recipe);
    }
}

#[test]
fn a_header_that_is_missing_or_doubled_is_refused() {
    for vector in VECTORS {
        for (name, value) in vector.headers {
            let name = HeaderName::from_static(name);
            let mut without = vector.map();
            without.remove(&name);
            let mut twice = vector.map();
            twice.append(&name, value.parse().unwrap());
            for headers in [without, twice] {
                let refused = vector.verify(&[vector.secret], &headers, vector.body.as_bytes(), vector.now());
                assert!(refused.is_err(), "{} without {name}, or with it twice", vector.recipe);
            }
        }
    }
}

#[test]
fn sha512_is_computed_as_openssl_does() {
    let recipe = "name = 'x'\nhash = 'sha512'\nencoding = 'hex'\nsigned = '{body}'\nsignature = 'x-s'";
    let recipe = Recipe::parse(recipe).unwrap();
    let signature = "d7bbe2c07311231044b17f8923e48cc444c8bf335c3d6d1df3549652c51b4fd2d7d2717b86735cbb37a51a6b528d987ba2bc2d3fea6b26bb9df80b7e1ab80402";
    let headers = HeaderMap::from_iter([(HeaderName::from_static("x-s"), signature.parse().unwrap())]);
    let keys = recipe.keys(&[KEY]).unwrap();
    let request = Request { method: "POST", uri: "", headers: &headers, body: EVENT.as_bytes() };
    assert!(recipe.verify(&keys, &request, Utc::now()).is_ok());
    assert_eq!(recipe.verify(&Keys::Words(Vec::new()), &request, Utc::now()), Err(Refusal::Wrong));
}
