//! Media types: what the client accepts, and whether it sent JSON.

use axum::http::{HeaderMap, HeaderValue, header};

/// The two forms of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/graphql-response+json`: the status tells how the request fared.
    GraphQl,
    /// `application/json`: 200 whenever the request could be read.
    Json,
}

impl Media {
    pub(super) fn content_type(self) -> HeaderValue {
        match self {
            Self::GraphQl => HeaderValue::from_static("application/graphql-response+json; charset=utf-8"),
            Self::Json => super::reply::JSON,
        }
    }
}

/// The form the client likes best; `None` if it takes neither. Without a wish, or with a wildcard, it is plain JSON.
pub(super) fn accepted(headers: &HeaderMap) -> Option<Media> {
    let mut best: Option<(u16, Media)> = None;
    let mut any = false;
    for value in headers.get_all(header::ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',') {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            if media.is_empty() {
                continue;
            }
            any = true;
            let form = match media.to_ascii_lowercase().as_str() {
                "application/graphql-response+json" => Media::GraphQl,
                "application/json" | "application/*" | "*/*" => Media::Json,
                _ => continue,
            };
            let parameter = |name: &str, part: &str| {
                part.split_once('=')
                    .filter(|(key, _)| key.trim().eq_ignore_ascii_case(name))
                    .map(|(_, v)| v.trim().to_owned())
            };
            let parts: Vec<&str> = parts.collect();
            let charset = parts.iter().find_map(|part| parameter("charset", part));
            if charset.is_some_and(|charset| !is_utf8(&charset)) {
                continue;
            }
            let quality = parts.iter().find_map(|part| parameter("q", part)).map_or(1000, |q| quality(&q));
            if quality > 0 && best.is_none_or(|(found, _)| quality > found) {
                best = Some((quality, form));
            }
        }
    }
    if any { best.map(|(_, form)| form) } else { Some(Media::Json) }
}

/// A quality in thousandths.
fn quality(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole != "0" {
        return 1000;
    }
    let fraction: String = fraction.chars().chain("000".chars()).take(3).collect();
    fraction.parse().unwrap_or(0)
}

/// Whether the body is declared as JSON in UTF-8, uncompressed.
pub(super) fn sent_json(headers: &HeaderMap) -> bool {
    if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return false;
    }
    let Some(text) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    if text == "application/json" {
        return true;
    }
    let mut parts = text.split(';').map(str::trim);
    let json = parts.next().is_some_and(|media| media.eq_ignore_ascii_case("application/json"));
    json && parts.all(|part| match part.split_once('=') {
        Some((key, value)) if key.trim().eq_ignore_ascii_case("charset") => is_utf8(value.trim()),
        _ => true,
    })
}

fn is_utf8(charset: &str) -> bool {
    let charset = charset.trim_matches('"');
    charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(text: &str) -> Option<Media> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_str(text).unwrap());
        accepted(&headers)
    }

    #[test]
    fn the_clients_wish_counts() {
        assert_eq!(accepted(&HeaderMap::new()), Some(Media::Json));
        assert_eq!(accept("*/*"), Some(Media::Json));
        assert_eq!(accept("application/graphql-response+json"), Some(Media::GraphQl));
        assert_eq!(accept("application/json, application/graphql-response+json;q=0.9"), Some(Media::Json));
        assert_eq!(accept("application/json;q=0.9, application/graphql-response+json"), Some(Media::GraphQl));
        assert_eq!(accept("text/html"), None);
        assert_eq!(accept("application/json;q=0"), None);
        assert_eq!(accept("application/json; charset=iso-8859-1"), None);
    }

    #[test]
    fn only_json_in_utf8_is_taken() {
        for (text, taken) in [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/json; charset=latin1", false),
            ("text/plain", false),
            ("application/jsonx", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(text));
            assert_eq!(sent_json(&headers), taken, "{text}");
        }
    }
}
