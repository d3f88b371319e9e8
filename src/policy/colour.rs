//! Colours of a brand, and whether text in them can be read (WCAG 2.2, 1.4.3 and its definition of contrast).

use core::fmt;

/// An sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

/// The colour of buttons and links, on light pages and on dark ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accent {
    pub light: Colour,
    pub dark: Colour,
}

/// The pages' backgrounds: `--paper` in `www/site.css`, and the same in e-mails.
pub const PAPER_LIGHT: Colour = Colour([0xf7, 0xf5, 0xf0]);
pub const PAPER_DARK: Colour = Colour([0x15, 0x17, 0x15]);
const WHITE: Colour = Colour([0xff, 0xff, 0xff]);
const BLACK: Colour = Colour([0, 0, 0]);
/// For text of any size (level AA).
const CONTRAST_MIN: f64 = 4.5;
/// A part of 256 by which a button changes under the pointer.
const SHADE: u16 = 48;

impl Colour {
    /// `#rrggbb`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        let mut bytes = [0; 3];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
            let digit = |at: usize| char::from(*pair.get(at)?).to_digit(16);
            *byte = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
        }
        Some(Self(bytes))
    }

    /// Without its sign.
    pub fn digits(self) -> String {
        let Self([red, green, blue]) = self;
        format!("{red:02x}{green:02x}{blue:02x}")
    }

    pub fn is_readable_on(self, other: Self) -> bool {
        self.contrast(other) >= CONTRAST_MIN
    }

    /// White or black, whichever is read better on it: one of them always has 4.5.
    #[must_use]
    pub fn text_on(self) -> Self {
        if self.contrast(WHITE) >= self.contrast(BLACK) { WHITE } else { BLACK }
    }

    /// Further from its text: for a button under the pointer.
    #[must_use]
    pub fn strong(self) -> Self {
        let Self([toward, ..]) = if self.text_on() == WHITE { BLACK } else { WHITE };
        Self(self.0.map(|part| {
            let mixed = (u16::from(part) * (256 - SHADE) + u16::from(toward) * SHADE) / 256;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        }))
    }

    fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    fn luminance(self) -> f64 {
        let Self([red, green, blue]) = self;
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }
}

fn linear(part: u8) -> f64 {
    let part = f64::from(part) / 255.0;
    if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.digits())
    }
}

#[cfg(test)]
mod tests {
    use super::{BLACK, Colour, PAPER_DARK, PAPER_LIGHT, WHITE};

    #[test]
    fn contrast_is_what_the_guidelines_define() {
        for (one, other, expected) in [
            ("#000000", "#ffffff", 21.0),
            ("#ffffff", "#ffffff", 1.0),
            // The greys that everybody knows: the last that passes on white, and the first that does not.
            ("#767676", "#ffffff", 4.54),
            ("#777777", "#ffffff", 4.48),
            ("#0000ff", "#ffffff", 8.59),
        ] {
            let contrast = Colour::parse(one).unwrap().contrast(Colour::parse(other).unwrap());
            assert!((contrast - expected).abs() < 0.01, "{one} on {other}: {contrast}");
        }
    }

    #[test]
    fn text_on_any_colour_and_on_its_strong_form_can_be_read() {
        for red in (0..=255_u8).step_by(15) {
            for green in (0..=255_u8).step_by(15) {
                for blue in (0..=255_u8).step_by(15) {
                    let colour = Colour([red, green, blue]);
                    let text = colour.text_on();
                    assert!(colour.is_readable_on(text) && colour.strong().is_readable_on(text), "{colour}");
                }
            }
        }
        assert!(!PAPER_LIGHT.is_readable_on(WHITE) && !PAPER_DARK.is_readable_on(BLACK));
    }

    #[test]
    fn a_colour_is_six_digits() {
        assert_eq!(Colour::parse("#0E5a50").map(Colour::digits).as_deref(), Some("0e5a50"));
        for bad in ["", "#", "#fff", "0e5a50", "#0e5a5", "#0e5a500", "#0e5a5g", "#+e5a50", "red", "#é5a50"] {
            assert_eq!(Colour::parse(bad), None, "{bad}");
        }
    }

    /// The stylesheet and these constants say the same.
    #[test]
    fn the_paper_is_that_of_the_pages() {
        let css = include_str!("../../www/site.css");
        for paper in [PAPER_LIGHT, PAPER_DARK] {
            assert!(css.contains(&format!("--paper: {paper};")), "{paper}");
        }
    }
}
