//! The part of CBOR (RFC 8949) that authenticators speak: CTAP 2's canonical form, less than which is refused.
//!
//! Lengths are definite and as short as they can be, there are no tags and no floating-point numbers, and nesting ends
//! at [`CBOR_DEPTH_MAX`]. Nothing is copied and nothing is allocated: an announced length costs nothing until the bytes
//! are there.

use crate::limits::CBOR_DEPTH_MAX;

/// What is read next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item<'a> {
    Unsigned(u64),
    /// −1 minus this.
    Negative(u64),
    Bytes(&'a [u8]),
    Text(&'a str),
    /// So many items follow.
    Array(u64),
    /// So many pairs of items follow.
    Map(u64),
    /// `false`, `true` or `null`.
    Simple(u8),
}

/// Reads items one after another. After a `None` nothing more should be read.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) const fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn item(&mut self) -> Option<Item<'a>> {
        let [initial] = *self.take::<1>()?;
        let (major, info) = (initial >> 5, initial & 0x1f);
        if major == 7 {
            return (20..=22).contains(&info).then_some(Item::Simple(info));
        }
        let argument = self.argument(info)?;
        Some(match major {
            0 => Item::Unsigned(argument),
            1 => Item::Negative(argument),
            2 => Item::Bytes(self.bytes(argument)?),
            3 => Item::Text(core::str::from_utf8(self.bytes(argument)?).ok()?),
            4 => Item::Array(argument),
            5 => Item::Map(argument),
            _ => return None,
        })
    }

    /// Reads one item with all that is in it, and forgets it.
    pub(super) fn skip(&mut self) -> Option<()> {
        self.skip_within(CBOR_DEPTH_MAX)
    }

    /// Reads one item of the kind that extension outputs come in, and forgets it.
    pub(super) fn skip_map(&mut self) -> Option<()> {
        let mut ahead = self.clone();
        matches!(ahead.item()?, Item::Map(_)).then_some(())?;
        self.skip()
    }

    fn skip_within(&mut self, depth: usize) -> Option<()> {
        let items = match self.item()? {
            Item::Array(count) => count,
            Item::Map(pairs) => pairs.checked_mul(2)?,
            _ => return Some(()),
        };
        let depth = depth.checked_sub(1)?;
        for _ in 0..items {
            // Each item takes a byte at least, so this ends with the input.
            self.skip_within(depth)?;
        }
        Some(())
    }

    /// The number that belongs to an item's first byte, in its shortest form.
    fn argument(&mut self, info: u8) -> Option<u64> {
        let (value, least) = match info {
            0..=23 => return Some(info.into()),
            24 => (u8::from_be_bytes(*self.take()?).into(), 24),
            25 => (u16::from_be_bytes(*self.take()?).into(), 1 << 8),
            26 => (u32::from_be_bytes(*self.take()?).into(), 1 << 16),
            27 => (u64::from_be_bytes(*self.take()?), 1 << 32),
            _ => return None,
        };
        (value >= least).then_some(value)
    }

    fn bytes(&mut self, length: u64) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(usize::try_from(length).ok()?)?;
        self.rest = rest;
        Some(bytes)
    }

    fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (bytes, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, proptest};

    use super::{Item, Reader};

    fn one(bytes: &[u8]) -> Option<Item<'_>> {
        let mut reader = Reader::new(bytes);
        reader.item().filter(|_| reader.is_at_end())
    }

    fn skips(bytes: &[u8]) -> bool {
        let mut reader = Reader::new(bytes);
        reader.skip().is_some() && reader.is_at_end()
    }

    /// RFC 8949, appendix A, as far as it is in the subset.
    #[test]
    fn examples_of_the_rfc_are_read() {
        for (bytes, item) in [
            (&[0x00_u8][..], Item::Unsigned(0)),
            (&[0x17], Item::Unsigned(23)),
            (&[0x18, 0x18], Item::Unsigned(24)),
            (&[0x19, 0x03, 0xe8], Item::Unsigned(1_000)),
            (&[0x1a, 0x00, 0x0f, 0x42, 0x40], Item::Unsigned(1_000_000)),
            (&[0x1b, 0, 0, 0, 0xe8, 0xd4, 0xa5, 0x10, 0], Item::Unsigned(1_000_000_000_000)),
            (&[0x1b, 255, 255, 255, 255, 255, 255, 255, 255], Item::Unsigned(u64::MAX)),
            (&[0x20], Item::Negative(0)),
            (&[0x38, 0x63], Item::Negative(99)),
            (&[0x3b, 255, 255, 255, 255, 255, 255, 255, 255], Item::Negative(u64::MAX)),
            (&[0xf4], Item::Simple(20)),
            (&[0xf6], Item::Simple(22)),
            (&[0x40], Item::Bytes(&[])),
            (&[0x44, 1, 2, 3, 4], Item::Bytes(&[1, 2, 3, 4])),
            (&[0x62, 0xc3, 0xbc], Item::Text("ü")),
            (&[0x80], Item::Array(0)),
            (&[0xa0], Item::Map(0)),
        ] {
            assert_eq!(one(bytes), Some(item), "{bytes:02x?}");
        }
    }

    #[test]
    fn what_is_not_canonical_is_refused() {
        for bytes in [
            &[][..],
            &[0x18, 0x17],                           // 23, longer than it need be
            &[0x19, 0x00, 0xff],                     // 255
            &[0x1a, 0x00, 0x00, 0xff, 0xff],         // 65,535
            &[0x1b, 0, 0, 0, 0, 255, 255, 255, 255], // 4,294,967,295
            &[0x1c],                                 // reserved
            &[0x58, 0x01, 0x00],                     // a length longer than it need be
            &[0x42, 0x00],                           // a byte is missing
            &[0x5f, 0x41, 0x00, 0xff],               // of no definite length
            &[0x9f, 0xff],
            &[0xbf, 0xff],
            &[0x61, 0xff],       // no UTF-8
            &[0xc0, 0x00],       // a tag
            &[0xf7],             // undefined
            &[0xf8, 0x14],       // a simple value in two bytes
            &[0xf9, 0x00, 0x00], // a float
            &[0xff],             // a break
            &[0x5b, 255, 255, 255, 255, 255, 255, 255, 255],
        ] {
            assert_eq!(one(bytes), None, "{bytes:02x?}");
            assert!(!skips(bytes), "{bytes:02x?}");
        }
    }

    #[test]
    fn skipping_ends_with_the_item_and_at_the_depth() {
        assert!(skips(&[0xa2, 0x61, 0x61, 0x01, 0x61, 0x62, 0x82, 0x02, 0x03]));
        assert!(skips(&[0x81, 0x81, 0x81, 0x81, 0x00]));
        assert!(!skips(&[0x81, 0x81, 0x81, 0x81, 0x80]));
        assert!(!skips(&[0x81]));
        assert!(!skips(&[0xbb, 255, 255, 255, 255, 255, 255, 255, 255]));
        assert!(!skips(&[0x9b, 127, 255, 255, 255, 255, 255, 255, 255]));
        let mut reader = Reader::new(&[0x01, 0xa0]);
        assert_eq!(reader.skip_map(), None);
        assert_eq!(reader.item(), Some(Item::Unsigned(1)));
        assert_eq!(reader.skip_map(), Some(()));
        assert!(reader.is_at_end());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = skips(&bytes);
        }
    }
}
