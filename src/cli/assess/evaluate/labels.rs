//! What a run's author knows of its truth: read when every score is written.

use serde::Deserialize;

use crate::domain::Result;

/// A run's label.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Label {
    pub(super) session_id: String,
    #[serde(default)]
    pub(super) fault: String,
    label: Class,
}

#[derive(Clone, Debug, Deserialize)]
struct Class {
    class: String,
}

impl Label {
    /// `wrong_service`, `right` and so on.
    pub(super) fn class(&self) -> &str {
        &self.label.class
    }
}

/// Reads a label.
pub(super) fn read(line: &str) -> Result<Label> {
    Ok(serde_json::from_str(line)?)
}

/// Deals the classes out anew: the control, under which nothing may be found. Faults stay where they are.
pub(super) fn shuffle(labels: &mut [Label], seed: u64) {
    let mut state = seed;
    // SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) drives Fisher and Yates' shuffle.
    let mut next = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    for at in (1..labels.len()).rev() {
        let with = (next() % (at as u64 + 1)) as usize;
        let class = labels[at].label.clone();
        labels[at].label = std::mem::replace(&mut labels[with].label, class);
    }
}
