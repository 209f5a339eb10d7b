//! What a person does at the keys, at a person's pace.

use std::thread::sleep;
use std::time::Duration;

use super::place::{Place, REST};

/// The sheet, with nothing under way.
pub(super) fn reading(text: &str) -> bool {
    text.contains("DECIDE") && text.contains("approve…")
}

/// Opens the sheet of the only hold.
pub(super) fn open_sheet(place: &Place) {
    place.wait_for("the hold in the queue", |text| text.contains("1 waiting"));
    place.key("enter");
    place.wait_for("the decision sheet", reading);
}

/// Opens it and reads its action to the end: from here on nothing but the guard stands against a stray key.
pub(super) fn read_sheet(place: &Place) {
    open_sheet(place);
    read_on(place);
}

/// Everything that was sent before has been taken: a harmless key behind it has had its effect.
pub(super) fn settled(place: &Place) {
    sleep(REST);
    place.wait_for("the sheet, after stray keys", |text| text.contains("DECIDE") || text.contains("APPROVE"));
    for _ in 0..3 {
        if reading(&place.text()) {
            break;
        }
        place.key("esc");
        sleep(REST);
    }
    place.key("?");
    place.wait_for("the help, behind the stray keys", |text| text.contains("KEYS"));
    place.key("esc");
    place.wait_for("the sheet again", reading);
}

/// Reads the whole action: approve is off, and says so, until every line of it was on screen.
pub(super) fn read_on(place: &Place) -> String {
    let mut pages = String::new();
    for _ in 0..20 {
        let text = place.wait_for("the sheet", reading);
        pages += &text;
        if !text.contains("approve is off") {
            return pages;
        }
        place.key("pgdn");
        // The time that is left changes too; only other rows are another page.
        place.wait_for("the next page, or all of it read", |now| {
            rows_shown(now) != rows_shown(&text) || reading(now) && !now.contains("approve is off")
        });
    }
    panic!("the action has no end:\n{}", place.text());
}

/// Which rows of the sheet are on screen: `1-16 of 44`.
fn rows_shown(text: &str) -> Option<&str> {
    let (_, behind) = text.split_once(" rows ")?;
    behind.split_once(" ═").or_else(|| behind.split_once(" =")).map(|(rows, _)| rows)
}

/// What a person does: read, `A`, look, Enter. A key that the guard refuses is pressed again, as the screen says.
pub(super) fn approve_until(place: &Place, decided: impl Fn() -> bool) {
    read_on(place);
    for _ in 0..5 {
        sleep(REST);
        place.key("A");
        if place.wait_within(Duration::from_secs(5), &|text: &str| text.contains("APPROVE")).is_none() {
            continue;
        }
        sleep(REST);
        place.key("enter");
        if place.wait_within(Duration::from_secs(5), &|_: &str| decided()).is_some() {
            return;
        }
    }
    panic!("the intended keys do not approve:\n{}", place.text());
}
