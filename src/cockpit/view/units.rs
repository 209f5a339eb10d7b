//! Numbers as people read them.

use crate::domain::Timestamp;

/// What is left of a time, to the second: `04:31`, `1:02:03`; never below zero.
pub(super) fn left(ms: i64) -> String {
    let s = ms.max(0) / 1000;
    match s / 3600 {
        0 => format!("{:02}:{:02}", s / 60, s % 60),
        hours => format!("{hours}:{:02}:{:02}", s / 60 % 60, s % 60),
    }
}

/// How long something has lasted, to the minute: it is drawn again only when something else is.
pub(super) fn age(ms: i64) -> String {
    let minutes = ms.max(0) / 60_000;
    match (minutes, minutes / 60, minutes / 1440) {
        (0, _, _) => "under 1 min".into(),
        (_, 0, _) => format!("{minutes} min"),
        (_, hours, 0) => format!("{hours} h {} min", minutes % 60),
        (_, hours, days) => format!("{days} d {} h", hours % 24),
    }
}

/// `0.3 s`, `12 s`, `3 min`.
pub(super) fn took(ms: i64) -> String {
    let ms = ms.max(0);
    match ms {
        0..10_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        10_000..120_000 => format!("{} s", ms / 1000),
        _ => format!("{} min", ms / 60_000),
    }
}

/// `812 B`, `48 kB`, `1.2 MB`.
pub(super) fn bytes(n: u64) -> String {
    match n {
        0..1_000 => format!("{n} B"),
        1_000..1_000_000 => format!("{} kB", n / 1_000),
        _ => format!("{}.{} MB", n / 1_000_000, n % 1_000_000 / 100_000),
    }
}

/// `1,204`.
pub(super) fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// One thing, several things.
pub(super) fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{} {many}", thousands(n)) }
}

/// A reading in few digits: `12.4`, `0.03`, `1840`.
pub(super) fn value(v: f64) -> String {
    match v.abs() {
        _ if !v.is_finite() => "no value".into(),
        size if size >= 100.0 || v.fract() == 0.0 => format!("{v:.0}"),
        size if size >= 1.0 => format!("{v:.1}"),
        _ => format!("{v:.3}"),
    }
}

/// `03:12Z`.
pub(super) fn minute(at: Timestamp) -> String {
    format!("{}Z", &at.clock()[..5])
}

/// `03:12:20Z`.
pub(super) fn second(at: Timestamp) -> String {
    format!("{}Z", at.clock())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(
            (left(271_000), left(3_723_999), left(-5)),
            ("04:31".into(), "1:02:03".into(), "00:00".into())
        );
        assert_eq!(age(59_999), "under 1 min");
        assert_eq!(age(61 * 60_000), "1 h 1 min");
        assert_eq!(age(50 * 3_600_000), "2 d 2 h");
        assert_eq!((took(1_234), took(45_000)), ("1.2 s".into(), "45 s".into()));
        assert_eq!(
            (bytes(812), bytes(48_120), bytes(1_260_000)),
            ("812 B".into(), "48 kB".into(), "1.2 MB".into())
        );
        assert_eq!(
            (thousands(7), thousands(1204), thousands(1_000_000)),
            ("7".into(), "1,204".into(), "1,000,000".into())
        );
        assert_eq!(
            (value(12.42), value(1840.3), value(0.03), value(5.0), value(f64::NAN)),
            ("12.4".into(), "1840".into(), "0.030".into(), "5".into(), "no value".into())
        );
        assert_eq!(minute(Timestamp::from_millis(11_540_114)), "03:12Z");
    }
}
