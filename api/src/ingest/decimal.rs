//! Exact decimal numbers: what money and ratings are while a record is mapped. No floating point here, except on the way
//! out for fields that are a share or a rating.

use std::cmp::Ordering;

/// A decimal number: `digits / 10^scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    digits: i128,
    scale: u32,
}

/// Why a text is no [`Decimal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotDecimal {
    /// It is not a number.
    NoNumber,
    /// It has more than [`MAX_DIGITS`] digits.
    TooLarge,
}

/// More digits than any money, id or rating has, and few enough for exact arithmetic.
pub const MAX_DIGITS: usize = 36;

impl Decimal {
    /// Reads `12`, `-1234.50`, `+7` or `1.5e3`.
    pub fn parse(text: &str) -> Result<Self, NotDecimal> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| exponent_error(exponent))?),
            None => (text, 0),
        };
        let (negative, unsigned) = match mantissa.as_bytes().first() {
            Some(b'-') => (true, &mantissa[1..]),
            Some(b'+') => (false, &mantissa[1..]),
            _ => (false, mantissa),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let only_digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !only_digits || (fraction.is_empty() && unsigned.contains('.')) {
            return Err(NotDecimal::NoNumber);
        }
        let whole = whole.trim_start_matches('0');
        if whole.len() + fraction.len() > MAX_DIGITS {
            return Err(NotDecimal::TooLarge);
        }
        let digits = whole.bytes().chain(fraction.bytes()).fold(0_i128, |sum, byte| sum * 10 + i128::from(byte - b'0'));
        let scale = u32::try_from(fraction.len()).map_err(|_| NotDecimal::TooLarge)?;
        Self { digits: if negative { -digits } else { digits }, scale }.shift(exponent)
    }

    /// The number times 10^`power`.
    pub fn shift(self, power: i32) -> Result<Self, NotDecimal> {
        if self.digits == 0 && power > 0 {
            return Ok(self);
        }
        let scale = i64::from(self.scale) - i64::from(power);
        let limit = i64::try_from(MAX_DIGITS).unwrap_or(i64::MAX);
        if scale >= 0 {
            let scale = u32::try_from(scale).ok().filter(|scale| i64::from(*scale) <= limit);
            return Ok(Self { digits: self.digits, scale: scale.ok_or(NotDecimal::TooLarge)? });
        }
        let zeros = u32::try_from(-scale).ok().filter(|zeros| i64::from(*zeros) <= limit);
        let factor = 10_i128.checked_pow(zeros.ok_or(NotDecimal::TooLarge)?).ok_or(NotDecimal::TooLarge)?;
        let digits = self.digits.checked_mul(factor).ok_or(NotDecimal::TooLarge)?;
        Ok(Self { digits, scale: 0 })
    }

    /// At most `places` decimal places, half away from zero.
    #[must_use]
    pub fn round(self, places: u32) -> Self {
        if self.scale <= places {
            return self;
        }
        let factor = 10_i128.pow((self.scale - places).min(38));
        let half = if self.digits < 0 { -factor / 2 } else { factor / 2 };
        Self { digits: (self.digits + half) / factor, scale: places }
    }

    /// The whole number, if it is one.
    pub fn to_i64(self) -> Option<i64> {
        let factor = 10_i128.checked_pow(self.scale)?;
        (self.digits % factor == 0).then(|| i64::try_from(self.digits / factor).ok())?
    }

    /// The nearest floating-point number.
    pub fn to_f64(self) -> f64 {
        // The text form is a number by construction.
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// The number in 1/10,000, if that fits an `i64`: what money is stored as.
    pub fn to_money(self) -> Option<i64> {
        self.round(4).shift(4).ok()?.to_i64()
    }

    /// Maps the scale `from` to the scale `to`, rounded to four places. None if `from` is a point or numbers are too large.
    pub fn rescale(self, from: (i64, i64), to: (i64, i64)) -> Option<Self> {
        let span = i128::from(from.1) - i128::from(from.0);
        let unit = 10_i128.checked_pow(self.scale)?;
        let offset = self.digits.checked_sub(i128::from(from.0).checked_mul(unit)?)?;
        let stretch = i128::from(to.1) - i128::from(to.0);
        let over = span.checked_mul(unit).filter(|over| *over != 0)?;
        let scaled = offset.checked_mul(stretch)?.checked_mul(10_000)?;
        let (scaled, over) = if over < 0 { (scaled.checked_neg()?, over.checked_neg()?) } else { (scaled, over) };
        let half = if scaled < 0 { -over / 2 } else { over / 2 };
        let digits = (scaled.checked_add(half)? / over).checked_add(i128::from(to.0) * 10_000)?;
        Some(Self { digits, scale: 4 }.trimmed())
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.digits == 0
    }

    /// Whether it was written without a fraction.
    pub fn is_whole(self) -> bool {
        self.scale == 0
    }

    /// The whole number towards zero, if it fits.
    pub fn whole(self) -> Option<i64> {
        i64::try_from(self.digits / 10_i128.checked_pow(self.scale)?).ok()
    }

    /// Whether it lies between the two ends, whichever is the lower.
    pub fn is_within(self, (one, other): (i64, i64)) -> bool {
        self.compare(one.min(other).into()).is_ge() && self.compare(one.max(other).into()).is_le()
    }

    /// Which is the greater.
    pub fn compare(self, other: Self) -> Ordering {
        let places = self.scale.max(other.scale);
        // What overflows on being written with the other's places is the greater in size, so its sign tells.
        match (self.with_places(places), other.with_places(places)) {
            (Some(one), Some(two)) => one.cmp(&two),
            (None, _) => self.digits.cmp(&0),
            (_, None) => 0.cmp(&other.digits),
        }
    }

    /// The sum. None: it is too large.
    pub fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        Self::of(self.with_places(scale)?.checked_add(other.with_places(scale)?)?, scale)
    }

    /// The number with the other sign.
    #[must_use]
    pub fn negated(self) -> Self {
        Self { digits: -self.digits, ..self }
    }

    /// The product. None: it is too large, or has too many places.
    pub fn times(self, other: Self) -> Option<Self> {
        Self::of(self.digits.checked_mul(other.digits)?, self.scale + other.scale)
    }

    /// The quotient, rounded to twelve places half away from zero. None: by nothing, or too large.
    pub fn over(self, other: Self) -> Option<Self> {
        const PLACES: u32 = 12;
        let power = (PLACES + other.scale).checked_sub(self.scale);
        let (over, under) = match power {
            Some(power) => (self.digits.checked_mul(10_i128.checked_pow(power)?)?, other.digits),
            None => (self.digits, other.digits.checked_mul(10_i128.checked_pow(self.scale - PLACES - other.scale)?)?),
        };
        let (quotient, rest) = (over.checked_div(under)?, over.checked_rem(under)?);
        let up = rest.unsigned_abs() >= under.unsigned_abs() - rest.unsigned_abs();
        let away = if up && rest != 0 { over.signum() * under.signum() } else { 0 };
        Some(Self::of(quotient + away, PLACES)?.trimmed())
    }

    fn of(digits: i128, scale: u32) -> Option<Self> {
        let fits = digits.unsigned_abs() < 10_u128.pow(36) && scale <= 36;
        fits.then_some(Self { digits, scale })
    }

    fn with_places(self, places: u32) -> Option<i128> {
        self.digits.checked_mul(10_i128.checked_pow(places - self.scale)?)
    }

    fn trimmed(mut self) -> Self {
        while self.scale > 0 && self.digits % 10 == 0 {
            self.digits /= 10;
            self.scale -= 1;
        }
        self
    }
}

fn exponent_error(text: &str) -> NotDecimal {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { NotDecimal::TooLarge } else { NotDecimal::NoNumber }
}

impl From<i64> for Decimal {
    fn from(whole: i64) -> Self {
        Self { digits: whole.into(), scale: 0 }
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.digits < 0 { "-" } else { "" };
        let digits = self.digits.unsigned_abs().to_string();
        let places = self.scale as usize;
        if places == 0 {
            return write!(f, "{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = padded.split_at(padded.len() - places);
        write!(f, "{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> String {
        Decimal::parse(text).unwrap().to_string()
    }

    #[test]
    fn keeps_what_was_written() {
        assert_eq!(text("1234.50"), "1234.50");
        assert_eq!(text("-0.05"), "-0.05");
        assert_eq!(text("1.5e3"), "1500");
        assert_eq!(text("15e-1"), "1.5");
        assert_eq!(text("007"), "7");
        assert_eq!(Decimal::parse("1."), Err(NotDecimal::NoNumber));
        assert_eq!(Decimal::parse("12a"), Err(NotDecimal::NoNumber));
        assert_eq!(Decimal::parse("e5"), Err(NotDecimal::NoNumber));
        assert_eq!(Decimal::parse("1e999999999999"), Err(NotDecimal::TooLarge));
        assert_eq!(Decimal::parse("1e-999"), Err(NotDecimal::TooLarge));
        assert_eq!(Decimal::parse(&"9".repeat(40)), Err(NotDecimal::TooLarge));
    }

    #[test]
    fn rounds_and_rescales() {
        let parse = |text| Decimal::parse(text).unwrap();
        assert_eq!(parse("19.990000000000002").round(4).to_string(), "19.9900");
        assert_eq!(parse("-0.00005").round(4).to_string(), "-0.0001");
        assert_eq!(parse("1234.50").to_money(), Some(12_345_000));
        assert_eq!(parse("922337203685477.5808").to_money(), None);
        assert_eq!(parse("103").rescale((-103, 103), (1, 5)).unwrap().to_string(), "5");
        assert_eq!(parse("0").rescale((-103, 103), (1, 5)).unwrap().to_string(), "3");
        assert_eq!(parse("1").rescale((7, 1), (1, 7)).unwrap().to_string(), "7");
        assert_eq!(parse("1").rescale((1, 1), (1, 7)), None);
        assert_eq!(parse("5.00").to_i64(), Some(5));
        assert_eq!(parse("5.01").to_i64(), None);
    }

    #[test]
    fn calculates_exactly() {
        let parse = |text| Decimal::parse(text).unwrap();
        assert_eq!(parse("0.1").plus(parse("0.2")).unwrap().to_string(), "0.3");
        assert_eq!(parse("1.5").times(parse("-2")).unwrap().to_string(), "-3.0");
        assert_eq!(parse("10").over(parse("4")).unwrap().to_string(), "2.5");
        assert_eq!(parse("-2").over(parse("3")).unwrap().to_string(), "-0.666666666667");
        assert_eq!(parse("1").over(parse("0")), None);
        assert!(parse("1.50").compare(parse("1.5")).is_eq() && parse("-2").compare(parse("0.1")).is_lt());
        let (huge, tiny) = (parse(&"9".repeat(36)), parse("0.000000000000000000000000000000000001"));
        assert!(huge.compare(tiny).is_gt() && huge.negated().compare(tiny).is_lt() && tiny.compare(huge).is_lt());
        assert_eq!((huge.plus(huge), huge.times(huge)), (None, None));
    }

    proptest! {
        #[test]
        fn survives_exactly(text in "-?(0|[1-9][0-9]{0,14})(\\.[0-9]{1,18})?") {
            prop_assume!(!text.starts_with("-0"));
            prop_assert_eq!(Decimal::parse(&text).unwrap().to_string(), text);
        }

        #[test]
        fn never_panics(text in "[-+0-9.eE]{0,50}", power in any::<i32>(), from in any::<(i64, i64)>(), to in any::<(i64, i64)>()) {
            if let Ok(number) = Decimal::parse(&text) {
                let _ = (number.shift(power), number.to_money(), number.to_i64(), number.to_f64(), number.rescale(from, to), number.is_within(from));
                for other in [number.negated(), number.shift(power).unwrap_or(number)] {
                    let _ = (number.plus(other), number.times(other), number.over(other), number.compare(other));
                }
            }
        }
    }
}
