//! Whether the evidence that an investigation gathered speaks for what it says.
