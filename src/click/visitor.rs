//! Who taps, as far as headers tell: the platform, the app around the page, the browser engine, and whether a
//! person is there at all.
//!
//! Three headers are read: `User-Agent`, `Sec-CH-UA-Platform` and `Sec-Purpose`. One pass splits the
//! user agent into words of letters and digits; known words leave a sign, signs make the answer. Nothing is
//! allocated, any bytes are accepted, and reading stops after [`HEADER_MAX`] bytes.
//!
//! This is a guess, and is only used where a wrong guess costs a person one more tap: which page to show, which link
//! to put on it. It never refuses anyone and never lets anyone in, because every header here can be forged and
//! mail scanners do pass for Chrome. Nor does it know everything:
//!
//! - iPadOS asks for desktop pages and calls itself a Macintosh; it counts as [`Platform::Desktop`] and gets the web.
//! - `SFSafariViewController` and Chrome Custom Tabs look like the browser they borrow; they count as browsers.

use crate::limits::HEADER_MAX;

/// What a request says about its sender; empty where the header was absent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints<'a> {
    pub user_agent: &'a str,
    /// `Sec-CH-UA-Platform`, quotes included, as browsers send it.
    pub ch_platform: &'a str,
    /// `Sec-Purpose`, else `Purpose`.
    pub purpose: &'a str,
}

/// Who taps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visitor {
    pub platform: Platform,
    pub container: Container,
    pub engine: Engine,
    pub audience: Audience,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// iPhone, iPod, and iPads that do not ask for desktop pages.
    Ios,
    Android,
    /// Windows, macOS, Linux, Chrome OS; and iPads that ask for desktop pages.
    Desktop,
    Other,
}

/// What the page is shown in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    Browser,
    /// A view inside another app, from which links to apps often go nowhere.
    InApp(InApp),
}

/// Whose view it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InApp {
    Facebook,
    Google,
    Instagram,
    KakaoTalk,
    Line,
    LinkedIn,
    Pinterest,
    Snapchat,
    Telegram,
    TikTok,
    Viber,
    WeChat,
    WhatsApp,
    X,
    /// An Android `WebView` or an iOS `WKWebView` of an app not named above.
    WebView,
}

/// As much of the browser's engine as decides which links it follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Chrome and browsers built on it: on Android they follow `intent:` links.
    Chromium,
    /// Every other engine, and browsers built on Android's `WebView`.
    Other,
}

/// Whether a person is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Or a program that passes for one.
    Person,
    /// A messenger or mailbox that makes a preview of the link.
    Preview,
    /// A browser that fetches ahead of a tap.
    Prefetch,
    /// Any other program that says so: scanners, crawlers, monitors, HTTP libraries.
    Scanner,
}

impl Visitor {
    pub fn read(hints: &Hints<'_>) -> Self {
        let signs = Signs::read(hints.user_agent);
        let platform = platform(hints.ch_platform, signs);
        Self {
            platform,
            container: container(platform, signs),
            engine: engine(signs),
            audience: audience(hints, signs),
        }
    }
}

fn platform(ch_platform: &str, signs: Signs) -> Platform {
    match ch_platform.trim_matches('"') {
        // A headset opens no phone's apps, and a Fire tablet that asks for desktop pages is one all the same: they say
        // so, whatever else they pass for.
        _ if signs.has(Sign::Headset) => Platform::Other,
        _ if signs.has(Sign::Silk) => Platform::Android,
        "Android" => Platform::Android,
        "iOS" => Platform::Ios,
        "Windows" | "macOS" | "Linux" | "Chrome OS" | "Chromium OS" => Platform::Desktop,
        // Windows phones name Android and the iPhone too, so they are asked first.
        _ if signs.has(Sign::WindowsPhone) => Platform::Other,
        _ if signs.has(Sign::Ios) => Platform::Ios,
        _ if signs.has(Sign::Android) => Platform::Android,
        _ if signs.has(Sign::Desktop) => Platform::Desktop,
        _ => Platform::Other,
    }
}

fn container(platform: Platform, signs: Signs) -> Container {
    const APPS: [(Sign, InApp); 14] = [
        // Instagram and Threads carry Facebook's words as well as their own.
        (Sign::Instagram, InApp::Instagram),
        (Sign::Facebook, InApp::Facebook),
        (Sign::Google, InApp::Google),
        (Sign::KakaoTalk, InApp::KakaoTalk),
        (Sign::Line, InApp::Line),
        (Sign::LinkedIn, InApp::LinkedIn),
        (Sign::Pinterest, InApp::Pinterest),
        (Sign::Snapchat, InApp::Snapchat),
        (Sign::Telegram, InApp::Telegram),
        (Sign::TikTok, InApp::TikTok),
        (Sign::Viber, InApp::Viber),
        (Sign::WeChat, InApp::WeChat),
        (Sign::WhatsApp, InApp::WhatsApp),
        (Sign::X, InApp::X),
    ];
    if !matches!(platform, Platform::Ios | Platform::Android) {
        return Container::Browser;
    }
    if let Some((_, app)) = APPS.iter().find(|(sign, _)| signs.has(*sign)) {
        return Container::InApp(*app);
    }
    // Every iOS browser ends its user agent in "Safari/"; a plain WKWebView does not.
    let bare = platform == Platform::Ios && signs.has(Sign::WebKit) && !signs.has(Sign::Safari);
    if bare || signs.has(Sign::WebView) { Container::InApp(InApp::WebView) } else { Container::Browser }
}

fn engine(signs: Signs) -> Engine {
    // "Version/" beside "Chrome/" marks a browser made of Android's WebView, which leaves `intent:` to its maker.
    if signs.has(Sign::Chrome) && !signs.has(Sign::Version) && !signs.has(Sign::WebView) {
        Engine::Chromium
    } else {
        Engine::Other
    }
}

fn audience(hints: &Hints<'_>, signs: Signs) -> Audience {
    if !hints.purpose.is_empty() {
        let preview = hints.purpose.trim().eq_ignore_ascii_case("preview");
        return if preview { Audience::Preview } else { Audience::Prefetch };
    }
    // Apps put their name in front of the user agent of their view, or in place of "Mozilla"; programs on a phone do
    // not show pages. What an app is called says nothing of who taps in it: "CamScanner" is no scanner.
    let phone = signs.has(Sign::Ios) || signs.has(Sign::Android);
    let browser = signs.has(Sign::Mozilla) || signs.has(Sign::Opera) || (phone && signs.has(Sign::WebKit));
    let messenger = signs.has(Sign::WhatsApp) || signs.has(Sign::Viber);
    if signs.has(Sign::Preview) || (messenger && !browser) {
        Audience::Preview
    } else if signs.has(Sign::Program) || (signs.has(Sign::Tool) && !phone) || !browser {
        Audience::Scanner
    } else {
        Audience::Person
    }
}

/// What a word in a user agent stands for.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Sign {
    Mozilla,
    Opera,
    Ios,
    Android,
    Desktop,
    WindowsPhone,
    WebKit,
    Safari,
    Chrome,
    Version,
    WebView,
    Facebook,
    Google,
    Instagram,
    KakaoTalk,
    Line,
    LinkedIn,
    Pinterest,
    Snapchat,
    Telegram,
    TikTok,
    Viber,
    WeChat,
    WhatsApp,
    X,
    Headset,
    Silk,
    Preview,
    Program,
    Tool,
}

/// A set of signs.
#[derive(Clone, Copy, Default)]
struct Signs(u32);

impl Signs {
    fn read(user_agent: &str) -> Self {
        let bytes = user_agent.as_bytes();
        let bytes = bytes.get(..HEADER_MAX).unwrap_or(bytes);
        let words = bytes.split(|byte| !byte.is_ascii_alphanumeric()).filter(|word| word.len() > 1);
        let mut signs = Self::default();
        let mut before: &[u8] = b"";
        for (index, word) in words.enumerate() {
            match sign(word, before) {
                // Only the first word says what a program calls itself.
                Some(Sign::Mozilla | Sign::Opera) if index > 0 => {}
                Some(sign) => signs.0 |= 1 << sign as u8,
                None => {}
            }
            before = word;
        }
        signs
    }

    fn has(self, sign: Sign) -> bool {
        self.0 & (1 << sign as u8) != 0
    }
}

fn sign(word: &[u8], before: &[u8]) -> Option<Sign> {
    Some(match word {
        // The words of every browser.
        b"Mozilla" => Sign::Mozilla,
        b"Opera" => Sign::Opera,
        b"AppleWebKit" => Sign::WebKit,
        b"Safari" => Sign::Safari,
        b"Chrome" => Sign::Chrome,
        b"Version" => Sign::Version,
        b"KHTML" | b"like" | b"Gecko" | b"Mobile" | b"Linux" | b"Build" | b"OS" | b"Mac" => return None,
        // Platforms.
        // The last four are browsers that are made for iOS alone, and keep their names where they ask for desktop pages.
        b"iPhone" | b"iPad" | b"iPod" | b"iOS" | b"CriOS" | b"FxiOS" | b"EdgiOS" | b"OPiOS" => Sign::Ios,
        b"Android" => Sign::Android,
        b"Macintosh" | b"X11" | b"CrOS" | b"Win64" | b"NT" => Sign::Desktop,
        b"Phone" if before == b"Windows" => Sign::WindowsPhone,
        b"OculusBrowser" => Sign::Headset,
        b"Silk" => Sign::Silk,
        // Apps that show pages themselves.
        b"wv" | b"AdobeAIR" => Sign::WebView,
        b"FBAN" | b"FBAV" | b"FBIOS" | b"FB4A" | b"MetaIAB" => Sign::Facebook,
        b"GSA" => Sign::Google,
        b"Instagram" | b"Barcelona" => Sign::Instagram,
        b"KAKAOTALK" => Sign::KakaoTalk,
        b"Line" => Sign::Line,
        b"LinkedInApp" => Sign::LinkedIn,
        b"Pinterest" => Sign::Pinterest,
        b"Snapchat" => Sign::Snapchat,
        b"Telegram" => Sign::Telegram,
        b"musical" | b"trill" | b"TikTok" | b"BytedanceWebview" => Sign::TikTok,
        b"MicroMessenger" => Sign::WeChat,
        b"WhatsApp" => Sign::WhatsApp,
        b"Viber" => Sign::Viber,
        b"TwitterAndroid" => Sign::X,
        b"for" if before == b"Twitter" => Sign::X,
        // Programs that preview a link where it was posted. iMessage passes for Facebook's and Twitter's.
        b"facebookexternalhit"
        | b"Facebot"
        | b"facebookcatalog"
        | b"Twitterbot"
        | b"Slackbot"
        | b"ImgProxy"
        | b"Discordbot"
        | b"TelegramBot"
        | b"LinkedInBot"
        | b"vkShare"
        | b"redditbot"
        | b"Pinterestbot"
        | b"Iframely"
        | b"Embedly"
        | b"Mastodon"
        | b"Cardyb"
        | b"Synapse"
        | b"PageRenderer" => Sign::Preview,
        b"scrap" if before == b"kakaotalk" => Sign::Preview,
        _ if word.last().is_some_and(u8::is_ascii_digit) => return None,
        _ if ends_with(word, b"preview") => Sign::Preview,
        _ if is_program(word) => Sign::Program,
        _ if TOOLS.iter().any(|ending| ends_with(word, ending)) => Sign::Tool,
        _ => return None,
    })
}

/// What programs are called, and apps on phones as well.
const TOOLS: [&[u8]; 6] = [b"scan", b"scanner", b"checker", b"monitor", b"monitoring", b"fetcher"];

/// Whether no browser has this word: it names a program, or leads to the page of its maker.
fn is_program(word: &[u8]) -> bool {
    const ENDINGS: [&[u8]; 8] =
        [b"bot", b"bots", b"crawler", b"crawlers", b"spider", b"compatible", b"http", b"https"];
    // Cubot makes phones.
    ENDINGS.iter().any(|ending| ends_with(word, ending)) && !ends_with(word, b"cubot")
        || word == b"HeadlessChrome"
}

fn ends_with(word: &[u8], ending: &[u8]) -> bool {
    word.len()
        .checked_sub(ending.len())
        .and_then(|start| word.get(start..))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(ending))
}
