//! What an action would touch.
