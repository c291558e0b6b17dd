//! Reads EDN (the *extensible data notation* of Clojure), form by form.
//!
//! The crates for EDN were tried and not taken: `edn-format` 3.3 and `edn-rs` 0.19 want the whole text in memory and
//! overflow the stack on deep nesting; `edn-rs` also takes `#jepsen.history.Op{…}` for a tag named `jepsen.history.Op{:type`
//! and does not say where an error is.

use super::value::Value;
use compact_str::CompactString;
use std::io::BufRead;

/// The most bytes of one form.
const MOST: usize = 64 << 20;
/// The deepest nesting of forms.
const DEEPEST: usize = 100;

/// Reads forms from a source of bytes.
pub(crate) struct Reader<R> {
    source: R,
    /// The line of the next byte, from 1.
    pub(crate) line: usize,
    /// The bytes of the form so far.
    read: usize,
}

/// What is next, where a form could begin.
enum Next {
    Form(u8),
    /// The bracket that ends the list, set or map around it.
    Close(u8),
    End,
}

impl<R: BufRead> Reader<R> {
    pub(crate) fn new(source: R) -> Reader<R> {
        Reader { source, line: 1, read: 0 }
    }

    /// The next form at the top, or none at the end, with its line. The forms in one list or vector around all are at the
    /// top too, as `inside` remembers.
    ///
    /// # Errors
    /// If it is not EDN. The message is on the [line](Reader::line) where the reader is.
    pub(crate) fn next(&mut self, inside: &mut Option<u8>) -> Result<Option<(usize, Value)>, String> {
        loop {
            self.read = 0;
            match self.peek_form()? {
                Next::End => {
                    return match inside {
                        Some(close) => Err(format!("the file ends before the `{}` that closes it", char::from(*close))),
                        None => Ok(None),
                    };
                }
                Next::Form(open @ (b'[' | b'(')) if inside.is_none() => {
                    self.skip(1);
                    *inside = Some(if open == b'[' { b']' } else { b')' });
                }
                Next::Close(close) if *inside == Some(close) => {
                    self.skip(1);
                    *inside = None;
                }
                Next::Close(close) => return Err(stray(close)),
                Next::Form(first) => {
                    let line = self.line;
                    if let Some(form) = self.form(first, 0)? {
                        return Ok(Some((line, form)));
                    }
                }
            }
        }
    }

    /// The byte that is next, if there is one.
    fn peek(&mut self) -> Result<Option<u8>, String> {
        match self.source.fill_buf() {
            Ok(bytes) => Ok(bytes.first().copied()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.source.consume(bytes);
        self.read += bytes;
    }

    /// Takes the next byte.
    fn take(&mut self, within: &str) -> Result<u8, String> {
        let byte = self.peek()?.ok_or_else(|| format!("the file ends in {within}"))?;
        self.line += usize::from(byte == b'\n');
        self.skip(1);
        self.within_bounds()?;
        Ok(byte)
    }

    fn within_bounds(&self) -> Result<(), String> {
        if self.read > MOST { Err(format!("this is over {} MB long: no operation is", MOST >> 20)) } else { Ok(()) }
    }

    /// Passes over blanks, commas and comments.
    fn peek_form(&mut self) -> Result<Next, String> {
        let mut in_comment = false;
        loop {
            let Some(byte) = self.peek()? else { return Ok(Next::End) };
            let blank = byte.is_ascii_whitespace() || byte == b',';
            match byte {
                b'\n' => in_comment = false,
                _ if in_comment || blank => {}
                b';' => in_comment = true,
                b')' | b']' | b'}' => return Ok(Next::Close(byte)),
                _ => return Ok(Next::Form(byte)),
            }
            self.line += usize::from(byte == b'\n');
            self.source.consume(1);
        }
    }

    /// The form that begins with the byte `first`, which is next; none if it is discarded.
    fn form(&mut self, first: u8, depth: usize) -> Result<Option<Value>, String> {
        if depth > DEEPEST {
            return Err(format!("this is nested more than {DEEPEST} deep"));
        }
        match first {
            b'(' => self.elements(b')', depth).map(Value::List),
            b'[' => self.elements(b']', depth).map(Value::List),
            b'{' => self.map(depth),
            b'"' => self.text(),
            b'\\' => self.character(),
            b'#' => return self.dispatch(depth),
            _ => self.word().map(atom),
        }
        .map(Some)
    }

    /// The form that comes next, in a place where there must be one.
    fn required(&mut self, depth: usize, within: &str) -> Result<Value, String> {
        loop {
            match self.peek_form()? {
                Next::Form(first) => {
                    if let Some(form) = self.form(first, depth)? {
                        return Ok(form);
                    }
                }
                Next::Close(close) => return Err(stray(close)),
                Next::End => return Err(format!("the file ends in {within}")),
            }
        }
    }

    fn elements(&mut self, end: u8, depth: usize) -> Result<Vec<Value>, String> {
        self.skip(1);
        let mut elements = Vec::new();
        loop {
            match self.peek_form()? {
                Next::Close(close) if close == end => {
                    self.skip(1);
                    return Ok(elements);
                }
                Next::Close(close) => {
                    return Err(format!(
                        "`{}` is here, where a `{}` ends the form",
                        char::from(close),
                        char::from(end)
                    ));
                }
                Next::End => return Err(format!("the file ends before the `{}` that ends a form", char::from(end))),
                Next::Form(first) => elements.extend(self.form(first, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, String> {
        let elements = self.elements(b'}', depth)?;
        if elements.len() % 2 == 1 {
            return Err("this map has a key without a value".into());
        }
        let mut entries = Vec::with_capacity(elements.len() / 2);
        let mut elements = elements.into_iter();
        while let (Some(key), Some(value)) = (elements.next(), elements.next()) {
            entries.push((key, value));
        }
        Ok(Value::Map(entries))
    }

    fn text(&mut self) -> Result<Value, String> {
        self.skip(1);
        let mut bytes = Vec::new();
        loop {
            match self.take("a string")? {
                b'"' => break,
                b'\\' => match self.take("a string")? {
                    b'n' => bytes.push(b'\n'),
                    b't' => bytes.push(b'\t'),
                    b'r' => bytes.push(b'\r'),
                    b'b' => bytes.push(8),
                    b'f' => bytes.push(12),
                    b'u' => {
                        let mut code = 0;
                        for _ in 0..4 {
                            let digit = char::from(self.take("a string")?).to_digit(16);
                            code = code * 16 + digit.ok_or("a `\\u` has four hexadecimal digits")?;
                        }
                        // One half of a pair stands for no character.
                        let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                        bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    }
                    other => bytes.push(other),
                },
                other => bytes.push(other),
            }
        }
        String::from_utf8(bytes).map(|text| Value::Text(text.into())).map_err(|_| "this string is not UTF-8".into())
    }

    fn character(&mut self) -> Result<Value, String> {
        self.skip(1);
        let mut word = vec![b'\\', self.take("a character")?];
        word.extend_from_slice(self.word()?.as_bytes());
        String::from_utf8(word).map(|word| Value::Word(word.into())).map_err(|_| "this character is not UTF-8".into())
    }

    /// What begins with `#`: a set, a special number, a discarded form, or a tag.
    fn dispatch(&mut self, depth: usize) -> Result<Option<Value>, String> {
        self.skip(1);
        match self.peek()? {
            Some(b'{') => self.elements(b'}', depth).map(|elements| Some(Value::Set(elements))),
            Some(b'#') => {
                self.skip(1);
                self.word().map(|word| Some(Value::Word(word)))
            }
            Some(b'_') => {
                self.skip(1);
                self.required(depth + 1, "a form that `#_` discards").map(|_| None)
            }
            Some(byte) if !ends_word(byte) => {
                let tag = self.word()?;
                let value = self.required(depth + 1, "a form behind a tag")?;
                // `#:space{:key …}` is a map whose keys are in a name space.
                Ok(Some(if tag.starts_with(':') { value } else { Value::Tagged(tag, Box::new(value)) }))
            }
            _ => Err("`#` begins a set `#{…}` or a tag `#tag form`".into()),
        }
    }

    /// The bytes up to the end of a word.
    fn word(&mut self) -> Result<CompactString, String> {
        let mut word: Vec<u8> = Vec::new();
        loop {
            let bytes = self.source.fill_buf().map_err(|error| error.to_string())?;
            let length = bytes.iter().position(|byte| ends_word(*byte)).unwrap_or(bytes.len());
            let is_whole = length < bytes.len() || bytes.is_empty();
            if is_whole && word.is_empty() {
                let text = CompactString::from_utf8(&bytes[..length]).map_err(|_| "this word is not UTF-8".to_owned());
                self.skip(length);
                return text;
            }
            word.extend_from_slice(&bytes[..length]);
            self.skip(length);
            self.within_bounds()?;
            if is_whole {
                return CompactString::from_utf8(word).map_err(|_| "this word is not UTF-8".into());
            }
        }
    }
}

fn ends_word(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b",;()[]{}\"\\".contains(&byte)
}

fn stray(close: u8) -> String {
    format!("this `{}` closes nothing", char::from(close))
}

/// The value of a word: a number, nil, or the word itself.
fn atom(word: CompactString) -> Value {
    let digits = word.strip_suffix('N').unwrap_or(&word);
    match digits.as_bytes() {
        b"nil" => Value::Nil,
        [b'+' | b'-' | b'0'..=b'9', ..] => digits.parse().map_or(Value::Word(word), Value::Int),
        _ => Value::Word(word),
    }
}

#[cfg(test)]
mod tests;
