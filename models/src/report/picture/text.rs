//! Text in a picture: its width, estimated without a browser, its line breaks, and its direction.

use unicode_width::UnicodeWidthChar;

/// An upper bound on the width of a text of this size, both in pixels.
///
/// The font of ASCII has a fixed width. Other characters come from fonts that are not known here: the bounds are those
/// of the widest usual fonts, measured in a browser.
pub fn width(text: &str, size: usize) -> usize {
    let hundredths: usize = text.chars().map(hundredths).sum();
    (hundredths * size).div_ceil(100)
}

/// The width of a character in hundredths of the font's size.
fn hundredths(c: char) -> usize {
    match u32::from(c) {
        0..=0x7f => 62,
        // Joiners, variation selectors, marks of direction.
        0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfe00..=0xfe0f | 0xfeff => 0,
        0x80..=0x5ff => 75,
        // Devanagari, Thai and Lao; other scripts of India and South-East Asia, whose letters are wide.
        0x900..=0x97f | 0xe00..=0xeff => 106,
        0x980..=0xb7f => 155,
        0xb80..=0xdff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x1900..=0x1aff | 0xa980..=0xaadf => 220,
        // Arabic letters that stand alone, and ligatures, some of whole phrases.
        0x600..=0x8ff => 125,
        0xfb50..=0xfdef | 0xfe70..=0xfefc => 235,
        0xfdf0..=0xfdff => 750,
        // Cuneiform.
        0x1_2000..=0x1_254f => 410,
        _ => match c.width() {
            Some(0) => 20,
            Some(1) => 153,
            _ => 140,
        },
    }
}

/// `text` in lines of at most `room` pixels, broken between words, or within a word that is longer than a line.
/// A single character that is wider than the room has a line of its own.
pub fn wrapped(text: &str, size: usize, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if width(&longer, size) <= room {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(line);
        }
        let mut pieces = pieces(word, size, room);
        line = pieces.pop().unwrap_or_default();
        lines.extend(pieces);
    }
    lines.push(line);
    lines
}

/// A word in pieces that fit into the room. It is broken after punctuation if that leaves the line half full.
fn pieces(word: &str, size: usize, room: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = word;
    while width(rest, size) > room {
        let (mut end, mut after_punctuation) = (0, 0);
        for (place, c) in rest.char_indices().skip(1) {
            if width(&rest[..place], size) > room {
                break;
            }
            if !is_bound(&rest[..place], c) {
                end = place;
                if rest[..place].ends_with(['=', ',', '/', '-', '_', '.', ':']) {
                    after_punctuation = place;
                }
            }
        }
        if after_punctuation > 0 && 2 * width(&rest[..after_punctuation], size) > room {
            end = after_punctuation;
        }
        if end == 0 {
            // Not even the first character fits.
            let next = rest.char_indices().skip(1).find(|(place, c)| !is_bound(&rest[..*place], *c));
            end = next.map_or(rest.len(), |(place, _)| place);
        }
        let (piece, after) = rest.split_at(end);
        pieces.push(piece.to_owned());
        rest = after;
    }
    if !rest.is_empty() || pieces.is_empty() {
        pieces.push(rest.to_owned());
    }
    pieces
}

/// Whether `c` belongs to the character that ends `before`: an accent, a modifier, the rest of a joined emoji or flag.
fn is_bound(before: &str, c: char) -> bool {
    let is_flag = |c: char| ('\u{1f1e6}'..='\u{1f1ff}').contains(&c);
    let is_tone = ('\u{1f3fb}'..='\u{1f3ff}').contains(&c);
    let flags = before.chars().rev().take_while(|c| is_flag(*c)).count();
    c.width() == Some(0) || is_tone || before.ends_with('\u{200d}') || is_flag(c) && flags % 2 == 1
}

/// The text with each run of right-to-left words between isolates, so that it does not turn the words around it.
///
/// `set مفتاح = قيمة` would otherwise be shown with the value before the key.
pub fn isolated(text: &str) -> String {
    if !text.chars().any(is_right_to_left) {
        return text.to_owned();
    }
    let (mut out, mut run, mut blanks) = (String::new(), String::new(), String::new());
    for c in text.chars() {
        if is_right_to_left(c) {
            run += &std::mem::take(&mut blanks);
            run.push(c);
        } else if !run.is_empty() && (" -_./'".contains(c) || c.is_ascii_digit() || c.width() == Some(0)) {
            blanks.push(c);
        } else {
            close(&mut out, &mut run, &mut blanks);
            out.push(c);
        }
    }
    close(&mut out, &mut run, &mut blanks);
    out
}

/// Ends a run of right-to-left words.
fn close(out: &mut String, run: &mut String, blanks: &mut String) {
    if !run.is_empty() {
        out.push('\u{2068}');
        out.push_str(run);
        out.push('\u{2069}');
    }
    out.push_str(blanks);
    run.clear();
    blanks.clear();
}

/// Text escaped for XML. A character that XML does not allow becomes a replacement character.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Whether the character is of a script that is written from right to left.
fn is_right_to_left(c: char) -> bool {
    matches!(u32::from(c), 0x590..=0x8ff | 0xfb1d..=0xfdff | 0xfe70..=0xfefc | 0x1_0800..=0x1_0fff | 0x1_e800..=0x1_efff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_nothing_is_left_out() {
        let long = format!("A1: set {} = 値の長い値👩\u{200d}👧🇩🇪 مفتاح طويل جدا", "key/part_".repeat(9));
        for room in [30, 60, 100, 200, 10_000] {
            let lines = wrapped(&long, 13, room);
            let joined: String = lines.concat();
            assert_eq!(joined.replace(' ', ""), long.replace(' ', ""));
            for line in &lines {
                assert!(
                    width(line, 13) <= room || line.chars().filter(|c| c.width() != Some(0)).count() <= 3,
                    "{line}"
                );
            }
        }
        assert_eq!(wrapped("", 13, 100), [""]);
        assert_eq!(wrapped("one two", 13, 40), ["one", "two"]);
        let label = "C1 after nothing";
        assert_eq!(wrapped(label, 13, width(label, 13)), [label]);
    }

    #[test]
    fn a_character_of_several_is_not_broken() {
        let pieces = wrapped("e\u{301}e\u{301}👩\u{200d}👧👍🏽🇩🇪", 13, 1);
        assert_eq!(pieces, ["e\u{301}", "e\u{301}", "👩\u{200d}👧", "👍🏽", "🇩🇪"]);
    }

    #[test]
    fn right_to_left_words_are_isolated() {
        assert_eq!(isolated("set k = 1"), "set k = 1");
        assert_eq!(isolated("set مفتاح = قيمة x"), "set \u{2068}مفتاح\u{2069} = \u{2068}قيمة\u{2069} x");
        assert_eq!(isolated("ab אב גד=ה"), "ab \u{2068}אב גד\u{2069}=\u{2068}ה\u{2069}");
        assert_eq!(isolated("אב-ג/ד 1 - x"), "\u{2068}אב-ג/ד\u{2069} 1 - x");
    }
}
