//! A source file with its comments and its strings told apart from its code.
//!
//! A small lexer, not a parser: it knows comments (nested ones too), strings (raw ones too), characters and
//! lifetimes, which is all that the rules need in order not to be fooled by text that only looks like code.

use std::iter::Peekable;
use std::str::Chars;

pub struct Source {
    /// Relative to the package, with `/`.
    pub path: String,
    pub text: String,
    /// The text with everything in comments and strings blanked.
    pub code: String,
    /// The text with everything but comments blanked.
    pub comments: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let mut lexer = Lexer { rest: text.chars().peekable(), code: String::new(), comments: String::new() };
        while lexer.step() {}
        Self { path: path.into(), text: text.into(), code: lexer.code, comments: lexer.comments }
    }

    /// The module a file of `src` belongs to: its folder, or its name.
    pub fn module(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        Some(inside.split_once('/').map_or_else(|| inside.trim_end_matches(".rs"), |(folder, _)| folder))
    }

    /// The code before the file's own tests, which stand last.
    pub fn product(&self) -> &str {
        let code = &self.code;
        let is_module = |at: &usize| {
            let mut lines =
                code[*at..].lines().skip(2).skip_while(|line| !line.starts_with(char::is_alphabetic));
            lines.next().is_some_and(|line| line.contains("mod ") && line.ends_with('{'))
        };
        let tests = code.match_indices("\n#[cfg(test)]\n").map(|(at, _)| at).find(is_module);
        &code[..tests.map_or(code.len(), |at| at + 1)]
    }

    /// Whether `super` is the crate itself: in a file of `src`, or a folder's `mod.rs`.
    pub fn is_below_root(&self) -> bool {
        let inside = self.path.strip_prefix("src/").unwrap_or_default();
        !inside.contains('/') || inside.ends_with("/mod.rs") && inside.matches('/').count() == 1
    }
}

/// The line, from 1, on which the character at a byte offset stands.
pub fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Where `needle` begins in `code` as a word or path of its own, not as the end of a longer one.
pub fn mentions<'a>(code: &'a str, needle: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(needle).map(|(at, _)| at).filter(move |at| {
        let before = code[..*at].chars().next_back();
        let after = code[at + needle.len()..].chars().next();
        let goes_on = needle.ends_with(is_word) && after.is_some_and(is_word);
        let is_part_of_a_word = before.is_some_and(is_word) || goes_on;
        !is_part_of_a_word
    })
}

pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

struct Lexer<'a> {
    rest: Peekable<Chars<'a>>,
    code: String,
    comments: String,
}

impl Lexer<'_> {
    fn step(&mut self) -> bool {
        let Some(c) = self.rest.next() else { return false };
        match (c, self.rest.peek().copied()) {
            ('/', Some('/')) => self.line_comment(),
            ('/', Some('*')) => self.block_comment(),
            ('"', _) => self.string(),
            ('r', Some('"' | '#')) if !self.code.ends_with(is_word) || self.is_byte_prefix() => {
                self.raw_string();
            }
            ('\'', _) => self.character_or_lifetime(),
            _ => self.is_code(c),
        }
        true
    }

    fn is_code(&mut self, c: char) {
        self.code.push(c);
        self.comments.push(if c == '\n' { c } else { ' ' });
    }

    fn is_comment(&mut self, c: char) {
        self.comments.push(c);
        self.code.push(if c == '\n' { c } else { ' ' });
    }

    fn is_text(&mut self, c: char) {
        let blank = if c == '\n' { c } else { ' ' };
        self.code.push(blank);
        self.comments.push(blank);
    }

    fn is_byte_prefix(&self) -> bool {
        let mut before = self.code.chars().rev();
        matches!(before.next(), Some('b' | 'c')) && !before.next().is_some_and(is_word)
    }

    fn line_comment(&mut self) {
        self.is_comment('/');
        while let Some(c) = self.rest.next_if(|c| *c != '\n') {
            self.is_comment(c);
        }
    }

    fn block_comment(&mut self) {
        self.is_comment('/');
        let mut depth = 0;
        let mut previous = '/';
        while let Some(c) = self.rest.next() {
            self.is_comment(c);
            previous = match (previous, c) {
                ('/', '*') => {
                    depth += 1;
                    ' '
                }
                ('*', '/') => {
                    depth -= 1;
                    ' '
                }
                _ => c,
            };
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.is_code('"');
        while let Some(c) = self.rest.next() {
            match c {
                '\\' => {
                    self.is_text(c);
                    if let Some(escaped) = self.rest.next() {
                        self.is_text(escaped);
                    }
                }
                '"' => return self.is_code(c),
                _ => self.is_text(c),
            }
        }
    }

    fn raw_string(&mut self) {
        self.is_code('r');
        let mut hashes = 0;
        while self.rest.next_if_eq(&'#').is_some() {
            self.is_code('#');
            hashes += 1;
        }
        if self.rest.next_if_eq(&'"').is_none() {
            return; // A raw identifier.
        }
        self.is_code('"');
        let mut closing = None;
        while let Some(c) = self.rest.next() {
            closing = match (c, closing) {
                ('"', _) => Some(0),
                ('#', Some(seen)) => Some(seen + 1),
                _ => None,
            };
            self.is_text(c);
            if closing == Some(hashes) {
                return;
            }
        }
    }

    fn character_or_lifetime(&mut self) {
        let mut ahead = self.rest.clone();
        let (first, second) = (ahead.next(), ahead.next());
        self.is_code('\'');
        if first != Some('\\') && second != Some('\'') {
            return; // A lifetime or a label.
        }
        while let Some(c) = self.rest.next() {
            match c {
                '\\' => {
                    self.is_text(c);
                    if let Some(escaped) = self.rest.next() {
                        self.is_text(escaped);
                    }
                }
                '\'' => return self.is_code(c),
                _ => self.is_text(c),
            }
        }
    }
}
