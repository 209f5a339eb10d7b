use ratatui::Terminal;
use ratatui::style::Style;
use ratatui::text::Line;

use super::*;

/// Counts writes beside keeping the bytes.
#[derive(Default)]
struct Sink {
    bytes: Vec<u8>,
    writes: usize,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        self.bytes.extend(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn terminal() -> Terminal<Ink<Sink>> {
    Terminal::new(Ink::new(Sink::default(), || Size::new(20, 3))).unwrap()
}

fn say(terminal: &mut Terminal<Ink<Sink>>, text: &str, caret: Option<(u16, u16)>) -> (usize, Vec<u8>) {
    let before = (terminal.backend().out().writes, terminal.backend().out().bytes.len());
    terminal
        .draw(|frame| {
            let area = frame.area();
            frame.buffer_mut().set_line(0, 1, &Line::from(text.to_owned()), area.width);
            if let Some(at) = caret {
                frame.set_cursor_position(at);
            }
        })
        .unwrap();
    let out = terminal.backend().out();
    (out.writes - before.0, out.bytes[before.1..].to_vec())
}

#[test]
fn a_frame_is_one_synchronized_write_and_an_unchanged_one_is_none() {
    let mut terminal = terminal();
    let (writes, bytes) = say(&mut terminal, "hold", None);
    assert_eq!(writes, 1);
    assert!(bytes.starts_with(BEGIN) && bytes.ends_with(END));
    assert_eq!(say(&mut terminal, "hold", None), (0, vec![]), "nothing changed, nothing is written");
    let (writes, bytes) = say(&mut terminal, "held", None);
    assert_eq!(writes, 1);
    assert!(bytes.len() < 40, "only what changed: {}", bytes.escape_ascii());
}

#[test]
fn the_caret_is_shown_hidden_and_left_alone() {
    let mut terminal = terminal();
    say(&mut terminal, "field", None);
    let (_, bytes) = say(&mut terminal, "field", Some((3, 1)));
    assert_eq!(bytes.escape_ascii().to_string(), r"\x1b[?2026h\x1b[0m\x1b[2;4H\x1b[?25h\x1b[?2026l");
    assert_eq!(say(&mut terminal, "field", Some((3, 1))).0, 0);
    let (_, bytes) = say(&mut terminal, "field", None);
    assert_eq!(bytes.escape_ascii().to_string(), r"\x1b[?2026h\x1b[?25l\x1b[0m\x1b[?2026l");
}

#[test]
fn a_character_of_doubtful_width_shifts_nothing() {
    let mut terminal = terminal();
    // A terminal that takes the symbol for two cells would put the b one cell too far.
    let (_, bytes) = say(&mut terminal, "a⚑b", None);
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("a⚑\x1b[2;3Hb"), "{text:?}");
}

#[test]
fn a_control_character_in_a_cell_is_never_written() {
    let mut terminal = terminal();
    terminal
        .draw(|frame| {
            frame.buffer_mut()[(4, 1)].set_symbol("x\x1b]0;owned\x07");
            frame.buffer_mut()[(6, 2)].set_symbol("y\u{9b}");
        })
        .unwrap();
    let text = String::from_utf8(terminal.backend().out().bytes.clone()).unwrap();
    assert!(!text.contains("owned") && !text.contains('\u{9b}') && !text.contains('\x07'), "{text:?}");
    assert_eq!(text.matches('\u{fffd}').count(), 2);
}

#[test]
fn colours_and_attributes_arrive_as_they_were_asked_for() {
    let mut terminal = terminal();
    let style = |fg, bg| Style::new().fg(fg).bg(bg).add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
    let cells = [
        (style(Color::Rgb(1, 2, 3), Color::Indexed(200)), "a"),
        (style(Color::LightRed, Color::Blue), "b"),
        (Style::new().underline_color(Color::Red), "c"),
    ];
    terminal
        .draw(|frame| {
            for (x, (style, text)) in (0..).zip(cells) {
                frame.buffer_mut().set_string(x, 0, text, style);
            }
        })
        .unwrap();
    let text = String::from_utf8(terminal.backend().out().bytes.clone()).unwrap();
    for part in ["\x1b[0;1;4;38;2;1;2;3;48;5;200ma", "\x1b[0;1;4;91;44mb", "\x1b[0;58;5;1mc"] {
        assert!(text.contains(part), "{part:?} in {text:?}");
    }
}
