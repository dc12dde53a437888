//! The table of attacks on a token: each is refused with the same sentence.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::{REFUSAL, Verifier, mint, now};
use crate::config::{Auth, Config};

// Keys made for this test alone; they guard nothing.
const ED25519: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
";
const ED25519_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
fn good() -> Value {
    json!({ "iss": "customer360", "aud": "customer360", "sub": "u1", "exp": now() + 600, "iat": now(), "roles": ["service"] })
}

fn signed(claims: &Value, secret: &str) -> String {
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

fn with(changes: &Value) -> Value {
    let mut claims = good();
    for (key, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(key);
        } else {
            claims[key] = value.clone();
        }
    }
    claims
}

#[test]
fn a_minted_token_holds_and_is_remembered() {
    let config = Config::default();
    let verifier = Verifier::try_new(&config).unwrap();
    let token = mint(&config, "anna@example.com", &["service".into(), "service".into()], 60).unwrap();
    assert!(verifier.recall(&token).is_none());
    let claims = verifier.verify(&token).unwrap();
    assert_eq!((claims.subject.as_str(), claims.roles.as_slice()), ("anna@example.com", &["service".to_owned()][..]));
    assert_eq!(claims.email.as_deref(), Some("anna@example.com"));
    assert_eq!(verifier.recall(&token), Some(claims));
}

#[test]
fn every_attack_reads_the_same() {
    let config = Config::default();
    let verifier = Verifier::try_new(&config).unwrap();
    let secret = Auth::DEVELOPMENT_SECRET;
    assert!(verifier.verify(&signed(&good(), secret)).is_ok());
    let bad = [
        json!({ "exp": now() - 31 }),
        json!({ "exp": (now() + 600).to_string() }),
        json!({ "exp": null }),
        json!({ "exp": now() + 90_000 }),
        json!({ "exp": now() + 90_000, "iat": null }),
        json!({ "exp": now() + 90_000, "iat": now() + 80_000 }),
        json!({ "exp": 1e300 }),
        json!({ "iss": "someone" }),
        json!({ "iss": null }),
        json!({ "aud": "someone" }),
        json!({ "aud": null }),
        json!({ "sub": null }),
        json!({ "sub": "" }),
        json!({ "sub": 7 }),
        json!({ "sub": "a\u{0}b" }),
        json!({ "nbf": now() + 100 }),
        json!({ "nbf": "soon" }),
        json!({ "roles": "service" }),
        json!({ "roles": [1] }),
        json!({ "roles": vec!["r"; 33] }),
    ];
    for changes in bad {
        let error = verifier.verify(&signed(&with(&changes), secret)).expect_err(&changes.to_string());
        assert_eq!((error.code.as_str(), error.message.as_str()), ("UNAUTHENTICATED", REFUSAL));
    }
    let token = signed(&good(), secret);
    let (body, signature) = token.rsplit_once('.').unwrap();
    let payload = body.split_once('.').unwrap().1;
    let none = format!("eyJhbGciOiJub25lIn0.{payload}.");
    let hs512 =
        jsonwebtoken::encode(&Header::new(Algorithm::HS512), &good(), &EncodingKey::from_secret(secret.as_bytes()));
    let odd = [
        String::new(),
        "a.b".into(),
        "....".into(),
        none,
        hs512.unwrap(),
        format!("{body}."),
        format!("{body}.{}", signature.chars().rev().collect::<String>()),
        signed(&good(), "another secret"),
        "x".repeat(9_000),
    ];
    for token in odd {
        assert_eq!(verifier.verify(&token).expect_err(&token).message, REFUSAL);
    }
}

fn with_jwks(keys: &Value) -> (Config, tempfile::NamedTempFile) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), json!({ "keys": keys }).to_string()).unwrap();
    let mut config = Config::default();
    config.auth.jwks_file = Some(file.path().to_owned());
    (config, file)
}

fn ed25519(kid: Option<&str>) -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "x": ED25519_X, "kid": kid })
}

fn ed25519_token(kid: Option<&str>) -> String {
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = kid.map(str::to_owned);
    jsonwebtoken::encode(&header, &good(), &EncodingKey::from_ed_pem(ED25519.as_bytes()).unwrap()).unwrap()
}

#[test]
fn keys_from_a_file_fix_the_algorithm() {
    let (config, _file) = with_jwks(&json!([ed25519(None)]));
    let verifier = Verifier::try_new(&config).unwrap();
    assert!(verifier.verify(&ed25519_token(None)).is_ok());
    // The public key taken as an HS256 secret.
    assert!(verifier.verify(&signed(&good(), ED25519_X)).is_err());
    assert!(verifier.verify(&signed(&good(), Auth::DEVELOPMENT_SECRET)).is_err());
    assert!(mint(&config, "u", &[], 60).is_err());
}

#[test]
fn several_keys_need_their_names() {
    let (config, _file) = with_jwks(&json!([ed25519(Some("a")), ed25519(Some("b"))]));
    let verifier = Verifier::try_new(&config).unwrap();
    assert!(verifier.verify(&ed25519_token(Some("b"))).is_ok());
    assert!(verifier.verify(&ed25519_token(Some("c"))).is_err());
    assert!(verifier.verify(&ed25519_token(None)).is_err());
    for keys in [json!([ed25519(None), ed25519(Some("b"))]), json!([]), json!([ed25519(Some("a")), ed25519(Some("a"))])]
    {
        assert!(Verifier::try_new(&with_jwks(&keys).0).is_err());
    }
}

#[test]
fn a_secret_in_a_public_file_is_refused() {
    let (config, _file) = with_jwks(&json!([{ "kty": "oct", "k": "c2VjcmV0" }]));
    assert!(Verifier::try_new(&config).err().unwrap().message.contains("only RSA, EC"));
}

#[test]
fn a_token_cannot_be_minted_for_ever() {
    assert!(mint(&Config::default(), "u", &[], 86_401).is_err());
    assert!(mint(&Config::default(), "u", &[], 0).is_err());
}
