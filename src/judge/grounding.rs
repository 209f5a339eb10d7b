//! Whether a citation stands in the output it names.
