//! Reading a site's brand: logo, icon, colours, and who stands behind the messages.
//!
//! An image is written in three ways: as a file's name in a policy folder, as a `data:` URL in a bundle as it is sent, and
//! as a reference (`png 240x64 HASH`) in a bundle as it is kept: the registry keeps the image itself under its hash, so
//! that a policy which every isolate reads stays small. Images are looked at as far as their headers: kind, size and
//! dimensions. Browsers decode them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use litemap::LiteMap;

use crate::id::encode_bytes;
use crate::json::{Fields, Json, Node};
use crate::key::sha256_prefix;
use crate::limits::{
    BRAND_ADDRESS_CHARS_MAX, BRAND_IMAGE_MAX_BYTES, BRAND_IMAGE_MAX_PX, BRAND_IMAGE_MIN_PX, ICON_MAX_PX,
};
use crate::policy::colour::{Accent, Colour, PAPER_DARK, PAPER_LIGHT};
use crate::policy::site::{Offered, text};
use crate::policy::{Brand, Image, ImageKind, Language};

pub(super) const FIELDS: &[&str] = &["logo", "icon", "accent", "imprint", "postal_address"];
pub(super) const ACCENT_FIELDS: &[&str] = &["light", "dark"];
/// The members of a brand that are images.
const IMAGES: [&str; 2] = ["logo", "icon"];
const EXPECTED_IMAGE: &str =
    "a `data:` URL of a PNG or WebP image, such as `postern policy bundle` makes of a file";

pub(super) fn read(node: &Node<'_>, offered: Option<&Offered>, is_accepted: bool) -> Option<Brand> {
    let fields = node.fields(FIELDS)?;
    let logo = maybe(&fields, "logo", |node| image(node, "brand.logo", BRAND_IMAGE_MAX_PX));
    let icon = maybe(&fields, "icon", |node| {
        let image = image(node, "brand.icon", ICON_MAX_PX)?;
        if image.width != image.height {
            node.problem("brand.icon", "a square image");
            return None;
        }
        Some(image)
    });
    let accent = maybe(&fields, "accent", |node| accent(node, is_accepted));
    let imprint = maybe(&fields, "imprint", |node| imprint(node, offered));
    let address =
        maybe(&fields, "postal_address", |node| text(node, "brand.postal_address", BRAND_ADDRESS_CHARS_MAX));
    // Each was read, so that each mistake is reported.
    Some(Brand {
        logo: logo.ok()?,
        icon: icon.ok()?,
        accent: accent.ok()?,
        imprint: imprint.ok()?.unwrap_or_default(),
        postal_address: address.ok()?,
    })
}

/// What a field holds was wrong, and reported.
struct Wrong;

/// A field that may be absent.
fn maybe<T>(
    fields: &Fields<'_>,
    name: &'static str,
    read: impl FnOnce(&Node<'_>) -> Option<T>,
) -> Result<Option<T>, Wrong> {
    fields.optional(name).map(|node| read(&node).ok_or(Wrong)).transpose()
}

fn accent(node: &Node<'_>, is_accepted: bool) -> Option<Accent> {
    let fields = node.fields(ACCENT_FIELDS)?;
    let of = |name: &'static str, paper: Colour| {
        let node = fields.required(name)?;
        let Some(colour) = Colour::parse(node.string()?) else {
            node.problem("brand.accent", "a colour such as `#0e5a50`");
            return None;
        };
        if !is_accepted && !colour.is_readable_on(paper) {
            node.problem(
                "brand.contrast",
                format!("a colour with a contrast of at least 4.5 to the page's background, {paper} (WCAG 2.2, 1.4.3)"),
            );
            return None;
        }
        Some(colour)
    };
    let (light, dark) = (of("light", PAPER_LIGHT), of("dark", PAPER_DARK));
    Some(Accent { light: light?, dark: dark? })
}

/// By language; the default language is there if any is.
fn imprint(node: &Node<'_>, offered: Option<&Offered>) -> Option<LiteMap<Language, String>> {
    let mut imprint = LiteMap::new();
    for (tag, node) in node.members()? {
        let language = Language::from_tag(tag);
        if language.is_none() {
            node.problem("brand.imprint", "a text in a language that pages are written in");
        }
        imprint.insert(language?, text(&node, "brand.imprint", BRAND_ADDRESS_CHARS_MAX)?);
    }
    if let Some(default) = offered.and_then(|offered| offered.default)
        && imprint.get(&default).is_none()
    {
        node.problem("brand.imprint", format!("a text in `{}`, the default language, too", default.tag()));
        return None;
    }
    Some(imprint)
}

fn image(node: &Node<'_>, rule: &'static str, max_px: u16) -> Option<Image> {
    let text = node.string()?;
    let Some(image) = Image::from_reference(text).or_else(|| Image::from_data_url(text)) else {
        node.problem(rule, EXPECTED_IMAGE);
        return None;
    };
    // Four characters for three bytes, but for the padding of the last.
    let length =
        |data: &String| data.len() / 4 * 3 - data.bytes().rev().take_while(|byte| *byte == b'=').count();
    if image.data.as_ref().is_some_and(|data| length(data) > BRAND_IMAGE_MAX_BYTES) {
        node.problem(rule, format!("at most {BRAND_IMAGE_MAX_BYTES} bytes"));
        return None;
    }
    let is_fair = |side| (BRAND_IMAGE_MIN_PX..=max_px).contains(&side);
    if !is_fair(image.width) || !is_fair(image.height) {
        node.problem(rule, format!("{BRAND_IMAGE_MIN_PX} to {max_px} pixels wide and high"));
        return None;
    }
    Some(image)
}

/// Puts the images that a site's document names by file in their place. A name without a file stays, and is refused
/// where it is read.
pub(super) fn inline(site: &mut Json, files: &[(&str, &[u8])]) {
    let Some(brand) = site.get_mut("site").and_then(|site| site.get_mut("brand")) else { return };
    for name in IMAGES {
        if let Some(Json::String(text)) = brand.get_mut(name)
            && let Some((_, bytes)) = files.iter().find(|(file, _)| *file == text)
            && let Some(kind) = ImageKind::of(bytes)
        {
            *text = format!("data:{};base64,{}", kind.media_type(), STANDARD.encode(bytes));
        }
    }
}

/// The names of the image files of a site's document.
pub(super) fn file_names(site: &Json) -> Vec<String> {
    let Some(brand) = site.get("site").and_then(|site| site.get("brand")) else { return Vec::new() };
    let named = IMAGES.iter().filter_map(|name| match brand.get(name) {
        Some(Json::String(text)) if !text.starts_with("data:") && !text.contains(' ') => Some(text.clone()),
        _ => None,
    });
    named.collect()
}

impl ImageKind {
    /// By the first bytes (PNG, third edition, §5.2; RFC 9649 §2.4).
    fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Some(Self::Png);
        }
        (bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP")).then_some(Self::WebP)
    }

    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::WebP => "image/webp",
        }
    }

    pub const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::WebP => "webp",
        }
    }

    /// Width and height, from the headers of a whole file.
    fn dimensions(self, bytes: &[u8]) -> Option<(u16, u16)> {
        match self {
            Self::Png => {
                // IHDR is the first chunk, IEND the last (§5.6).
                let header = bytes.get(12..24)?.strip_prefix(b"IHDR")?;
                bytes.ends_with(b"\0\0\0\0IEND\xaeB`\x82").then_some(())?;
                let length =
                    |at: usize| u32::from_be_bytes(*header.get(at..at + 4)?.first_chunk()?).try_into().ok();
                Some((length(0)?, length(4)?))
            }
            Self::WebP => {
                let size = u32::from_le_bytes(*bytes.get(4..8)?.first_chunk()?);
                (usize::try_from(size).ok()?.checked_add(8)? == bytes.len()).then_some(())?;
                let chunk = bytes.get(20..30)?;
                let word = |at: usize| Some(u16::from_le_bytes(*chunk.get(at..at + 2)?.first_chunk()?));
                match bytes.get(12..16)? {
                    // A key frame's start code, then 14 bits each (RFC 6386 §9.1).
                    b"VP8 " => {
                        (chunk.get(3..6)? == b"\x9d\x01\x2a").then_some(())?;
                        Some((word(6)? & 0x3fff, word(8)? & 0x3fff))
                    }
                    // One byte 0x2f, then 14 bits each, less one (RFC 9649 §3.4).
                    b"VP8L" => {
                        (*chunk.first()? == 0x2f).then_some(())?;
                        let bits = u32::from_le_bytes(*chunk.get(1..5)?.first_chunk()?);
                        let length = |bits: u32| u16::try_from((bits & 0x3fff) + 1).ok();
                        Some((length(bits)?, length(bits >> 14)?))
                    }
                    // 24 bits each, less one (§2.7).
                    b"VP8X" => {
                        let length = |at: usize| {
                            let [a, b, c] = *chunk.get(at..at + 3)?.first_chunk()?;
                            u16::try_from(u32::from_le_bytes([a, b, c, 0]) + 1).ok()
                        };
                        Some((length(4)?, length(7)?))
                    }
                    _ => None,
                }
            }
        }
    }
}

impl Image {
    /// What stands for the image in a kept bundle.
    pub fn reference(&self) -> String {
        format!("{} {}x{} {}", self.kind.extension(), self.width, self.height, self.hash)
    }

    /// What its address ends in.
    pub fn file(&self) -> String {
        format!("{}.{}", self.hash, self.kind.extension())
    }

    /// The KV key of its base64.
    pub fn key(&self) -> String {
        format!("brand/{}", self.hash)
    }

    fn from_reference(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let (kind, size, hash) = (words.next()?, words.next()?, words.next()?);
        let kind = [ImageKind::Png, ImageKind::WebP].into_iter().find(|known| known.extension() == kind)?;
        let (width, height) = size.split_once('x')?;
        let is_hash = hash.len() == HASH_LENGTH
            && hash.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let image = Self {
            kind,
            width: width.parse().ok()?,
            height: height.parse().ok()?,
            hash: hash.to_owned(),
            data: None,
        };
        (is_hash && image.reference() == text).then_some(image)
    }

    fn from_data_url(text: &str) -> Option<Self> {
        let (media_type, data) = text.strip_prefix("data:")?.split_once(";base64,")?;
        let bytes = STANDARD.decode(data).ok()?;
        let kind = ImageKind::of(&bytes).filter(|kind| kind.media_type() == media_type)?;
        let (width, height) = kind.dimensions(&bytes)?;
        let hash = encode_bytes(&sha256_prefix::<18>(&[b"postern/brand/v1/", &bytes]));
        Some(Self { kind, width, height, hash, data: Some(data.to_owned()) })
    }

    /// What the registry keeps of an image that came with its bundle: key and value, and the bundle's text with the
    /// reference in its place.
    pub fn part(&self, bundle: &str) -> Option<(String, String, String)> {
        let data = self.data.as_deref()?;
        let url = format!("data:{};base64,{data}", self.kind.media_type());
        // A writer that escapes slashes keeps its image inside: larger, and right.
        bundle.contains(&url).then(|| (self.key(), data.to_owned(), bundle.replace(&url, &self.reference())))
    }

    /// The bundle's text as it was before [`Image::part`], with the image in the place of its reference.
    pub fn join(&self, bundle: &str, data: &str) -> String {
        let url = format!("data:{};base64,{data}", self.kind.media_type());
        bundle.replace(&self.reference(), &url)
    }
}

/// Characters of a hash of 18 bytes.
const HASH_LENGTH: usize = 24;

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::{Image, ImageKind};

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend_from_slice(&width.to_be_bytes());
        bytes.extend_from_slice(&height.to_be_bytes());
        bytes.extend_from_slice(b"\x08\x03\0\0\0crc!\0\0\0\0IEND\xaeB`\x82");
        bytes
    }

    fn webp(kind: &[u8], chunk: &[u8]) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WEBP".to_vec();
        bytes.extend_from_slice(kind);
        bytes.extend_from_slice(&u32::try_from(chunk.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(chunk);
        let size = u32::try_from(bytes.len() - 8).unwrap();
        bytes[4..8].copy_from_slice(&size.to_le_bytes());
        bytes
    }

    #[test]
    fn kind_and_dimensions_are_read_from_the_headers() {
        for (bytes, kind, size) in [
            (png(240, 64), ImageKind::Png, Some((240, 64))),
            (png(1 << 16, 64), ImageKind::Png, None),
            (png(240, 64)[..40].to_vec(), ImageKind::Png, None),
            (webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a\xf0\0\x40\x40"), ImageKind::WebP, Some((240, 64))),
            (webp(b"VP8 ", b"\0\0\0\x9d\x01\x2b\xf0\0\x40\0"), ImageKind::WebP, None),
            (webp(b"VP8L", b"\x2f\xef\xc0\x0f\0\0\0\0\0\0"), ImageKind::WebP, Some((240, 64))),
            (webp(b"VP8X", b"\0\0\0\0\xef\0\0\x3f\0\0"), ImageKind::WebP, Some((240, 64))),
            (webp(b"VP9 ", b"\0\0\0\0\xef\0\0\x3f\0\0"), ImageKind::WebP, None),
        ] {
            assert_eq!(ImageKind::of(&bytes), Some(kind));
            assert_eq!(kind.dimensions(&bytes), size, "{bytes:?}");
            for length in 0..bytes.len() {
                assert_eq!(kind.dimensions(&bytes[..length]), None, "a part of a file is none");
            }
        }
        for other in [&b"GIF89a"[..], b"<svg", b"", b"RIFF\0\0\0\0WAVE", b"\xff\xd8\xff\xe0"] {
            assert_eq!(ImageKind::of(other), None);
        }
    }

    #[test]
    fn a_kept_bundle_has_a_reference_in_place_of_the_image() {
        let data = STANDARD.encode(png(240, 64));
        let url = format!("data:image/png;base64,{data}");
        let image = Image::from_data_url(&url).unwrap();
        let (key, value, kept) = image.part(&format!("{{\"logo\":\"{url}\"}}")).unwrap();
        assert_eq!((key, value), (format!("brand/{}", image.hash), data));
        let reference = kept.split('"').nth(3).unwrap();
        assert_eq!(Image::from_reference(reference), Some(Image { data: None, ..image.clone() }));
        assert_eq!(image.part("{}"), None);
        assert!(Image::from_data_url(&url.replace("png", "webp")).is_none(), "it says what it is");
        for bad in ["png 240x64", "png 240x64 short", "gif 1x1 AAAAAAAAAAAAAAAAAAAAAAAA", "logo.png", ""] {
            assert_eq!(Image::from_reference(bad), None, "{bad}");
        }
    }
}
