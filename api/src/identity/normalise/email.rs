//! E-mail addresses: one form per mailbox, and which mailboxes belong to an office and not to a person.
//!
//! The local part is case sensitive on paper and nowhere else. What follows a plus is dropped only at providers known to
//! deliver it to the same mailbox: elsewhere `a+b` may be another person's address, and a wrong merge costs more than a missed
//! one. Dots are dropped at gmail alone, which ignores them.

use unicode_normalization::UnicodeNormalization;

use super::{Refusal, checked};

/// Providers that deliver `name+anything` to `name`, by their published documentation.
const PLUS_PROVIDERS: [&str; 14] = [
    "gmail.com",
    "outlook.com",
    "outlook.de",
    "hotmail.com",
    "hotmail.de",
    "hotmail.co.uk",
    "live.com",
    "live.de",
    "icloud.com",
    "me.com",
    "fastmail.com",
    "proton.me",
    "protonmail.com",
    "posteo.de",
];

/// Local parts that name an office. Several people read and send from such a mailbox.
const ROLES: [&str; 62] = [
    "abuse",
    "accounting",
    "accounts",
    "admin",
    "administration",
    "anfrage",
    "angebot",
    "bestellung",
    "bewerbung",
    "billing",
    "booking",
    "bookings",
    "buchhaltung",
    "buero",
    "bureau",
    "career",
    "careers",
    "contact",
    "customerservice",
    "datenschutz",
    "dispo",
    "einkauf",
    "empfang",
    "enquiries",
    "enquiry",
    "finance",
    "frontdesk",
    "hallo",
    "hello",
    "help",
    "helpdesk",
    "hostmaster",
    "hr",
    "info",
    "information",
    "invoice",
    "invoices",
    "jobs",
    "kontakt",
    "kundenservice",
    "mail",
    "marketing",
    "noreply",
    "office",
    "order",
    "orders",
    "personal",
    "post",
    "postmaster",
    "presse",
    "privacy",
    "purchasing",
    "reception",
    "rechnung",
    "sales",
    "sekretariat",
    "service",
    "support",
    "team",
    "verkauf",
    "vertrieb",
    "zentrale",
];

/// The one form of an address, or why it is none.
pub fn normalise(raw: &str) -> Result<String, Refusal> {
    let mut text = checked(raw)?;
    // The form of message headers: `Anna Beck <anna@example.com>`.
    if let Some((_, inner)) = text.strip_suffix('>').and_then(|head| head.rsplit_once('<')) {
        text = inner.trim();
    }
    if text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:")) {
        text = &text[7..];
    }
    let (local, domain) = text.rsplit_once('@').ok_or(Refusal::NotAnEmail)?;
    let domain = domain_form(domain)?;
    let mut local: String = local.to_lowercase().nfc().collect();
    if PLUS_PROVIDERS.contains(&domain.as_str()) {
        local.truncate(local.find('+').unwrap_or(local.len()));
    }
    if domain == "gmail.com" {
        local.retain(|c| c != '.');
    }
    if !is_local_part(&local) {
        return Err(Refusal::NotAnEmail);
    }
    let address = format!("{local}@{domain}");
    checked(&address)?;
    Ok(address)
}

/// Whether a normalised address is the mailbox of an office (`info@`): it identifies a company, never a person.
pub fn is_role_mailbox(address: &str) -> bool {
    let Some((local, _)) = address.split_once('@') else { return false };
    let plain: String = local.chars().filter(char::is_ascii_alphabetic).collect();
    ROLES.binary_search(&plain.as_str()).is_ok()
}

/// The domain in ASCII, googlemail as gmail: two names of the same mailboxes.
fn domain_form(domain: &str) -> Result<String, Refusal> {
    let domain = idna::domain_to_ascii(domain.trim_end_matches('.')).map_err(|_| Refusal::NotAnEmail)?;
    let mut labels = 0;
    let mut last = "";
    for label in domain.split('.') {
        let shaped = (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-');
        if !shaped {
            return Err(Refusal::NotAnEmail);
        }
        labels += 1;
        last = label;
    }
    if labels < 2 || domain.len() > 253 || last.len() < 2 || last.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refusal::NotAnEmail);
    }
    Ok(if domain == "googlemail.com" { "gmail.com".into() } else { domain })
}

/// The unquoted form of RFC 5321, with letters of other scripts (RFC 6531). Quoted local parts are refused: nobody has one.
fn is_local_part(local: &str) -> bool {
    !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|c| match c {
            'a'..='z' | '0'..='9' | '.' => true,
            _ if c.is_ascii() => "!#$%&'*+-/=?^_`{|}~".contains(c),
            _ => c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_per_mailbox() {
        for (raw, expected) in [
            (" Anna.Beck@GMAIL.com ", "annabeck@gmail.com"),
            ("a.nna.beck+news@googlemail.com", "annabeck@gmail.com"),
            ("anna+news@outlook.com", "anna@outlook.com"),
            ("anna.beck+news@firma.de", "anna.beck+news@firma.de"),
            ("Anna Beck <anna@firma.de>", "anna@firma.de"),
            ("mailto:anna@firma.de", "anna@firma.de"),
            ("kasse@bücher.de", "kasse@xn--bcher-kva.de"),
            ("KASSE@BÜCHER.DE.", "kasse@xn--bcher-kva.de"),
            ("jörg@firma.de", "jörg@firma.de"),
        ] {
            assert_eq!(normalise(raw).as_deref(), Ok(expected), "{raw}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for raw in [
            "anna",
            "@firma.de",
            "anna@",
            "anna@firma",
            "a b@firma.de",
            "a..b@firma.de",
            "a@-x.de",
            "a@1.2.3.4",
            "..@gmail.com",
        ] {
            assert_eq!(normalise(raw), Err(Refusal::NotAnEmail), "{raw}");
        }
        assert_eq!(normalise("  "), Err(Refusal::Empty));
        assert_eq!(normalise("a\0@firma.de"), Err(Refusal::ControlCharacter));
    }

    #[test]
    fn offices_are_told_from_people() {
        assert!(ROLES.is_sorted());
        for role in ["info@firma.de", "no-reply@firma.de", "support2@firma.de", "kontakt@firma.de"] {
            assert!(is_role_mailbox(role), "{role}");
        }
        assert!(!is_role_mailbox("anna.info@firma.de"));
        assert!(!is_role_mailbox("anna@info.de"));
    }
}
