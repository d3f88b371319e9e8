//! A small HTTP/1.1 load generator that checks every answer.
//!
//! `load --address 127.0.0.1:8080 --requests FILE --count 10000 [--first 0] [--connections 8]
//! [--header 'Name: value']...` sends requests `first..first + count` of the file, round and round if it is
//! shorter, over keep-alive connections with one request in flight each. The file has one request a line,
//! tab-separated: method, path, body, expected status, expected `Location` (empty: not looked at).
//!
//! It prints one JSON object: requests, seconds, latency percentiles and wrong answers by kind. A fast wrong
//! answer is no answer: whoever reads the result must refuse it when `wrong` is not empty.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A server that does not answer for this long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)).and_then(|options| run(&options)) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("load: {message}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Debug, Default)]
struct Options {
    address: String,
    requests: String,
    first: usize,
    count: usize,
    connections: usize,
    headers: Vec<String>,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { connections: 8, ..Self::default() };
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
            let number = || value.parse::<usize>().map_err(|_| format!("{name}: not a number: {value}"));
            match name.as_str() {
                "--address" => options.address = value,
                "--requests" => options.requests = value,
                "--first" => options.first = number()?,
                "--count" => options.count = number()?,
                "--connections" => options.connections = number()?,
                "--header" => options.headers.push(value),
                _ => return Err(format!("unknown option {name}")),
            }
        }
        if options.address.is_empty() || options.requests.is_empty() || options.count == 0 {
            return Err("--address, --requests and --count are needed".to_owned());
        }
        Ok(options)
    }
}

fn run(options: &Options) -> Result<String, String> {
    let text = std::fs::read_to_string(&options.requests)
        .map_err(|error| format!("{}: {error}", options.requests))?;
    let exchanges = text.lines().map(|line| Exchange::parse(line, options)).collect::<Result<Vec<_>, _>>()?;
    if exchanges.is_empty() {
        return Err(format!("{}: no requests", options.requests));
    }
    let mut streams = Vec::new();
    for _ in 0..options.connections {
        streams.push(connect(&options.address).map_err(|error| format!("{}: {error}", options.address))?);
    }

    let next = AtomicUsize::new(0);
    let start = Instant::now();
    let outcomes = thread::scope(|scope| {
        let workers: Vec<_> = streams
            .into_iter()
            .map(|stream| scope.spawn(|| drive(stream, &exchanges, options, &next)))
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().map_err(|_| "a connection's thread panicked".to_owned())?)
            .collect::<Result<Vec<_>, String>>()
    })?;
    let elapsed = start.elapsed();
    Ok(report(outcomes, elapsed))
}

fn connect(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// One request as bytes, and what its answer must say.
#[derive(Debug)]
struct Exchange {
    request: Vec<u8>,
    status: u16,
    location: Option<String>,
}

impl Exchange {
    fn parse(line: &str, options: &Options) -> Result<Self, String> {
        let parts: Vec<&str> = line.split('\t').collect();
        let [method, path, body, status, location] = parts[..] else {
            return Err(format!("{}: expected five fields: {line}", options.requests));
        };
        let mut request = format!("{method} {path} HTTP/1.1\r\n");
        for header in &options.headers {
            let _ = write!(request, "{header}\r\n");
        }
        if method == "POST" {
            let length = body.len();
            let _ = write!(
                request,
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n"
            );
        }
        request.push_str("\r\n");
        request.push_str(body);
        Ok(Self {
            request: request.into_bytes(),
            status: status.parse().map_err(|_| format!("{}: not a status: {status}", options.requests))?,
            location: (!location.is_empty()).then(|| location.to_owned()),
        })
    }

    /// What is wrong with an answer; nothing if it is the expected one.
    fn fault(&self, answer: &Answer) -> Option<String> {
        if answer.status != self.status {
            return Some(format!("status {} instead of {}", answer.status, self.status));
        }
        match &self.location {
            Some(location) if answer.location.as_ref() != Some(location) => {
                Some("another Location".to_owned())
            }
            _ => None,
        }
    }
}

#[derive(Debug, Default)]
struct Outcome {
    latencies: Vec<Duration>,
    wrong: BTreeMap<String, u64>,
}

/// Sends requests over one connection until the last has been taken.
fn drive(
    stream: TcpStream,
    exchanges: &[Exchange],
    options: &Options,
    next: &AtomicUsize,
) -> Result<Outcome, String> {
    let mut connection = Connection { stream, buffer: Vec::new() };
    let mut outcome = Outcome::default();
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        if at >= options.count {
            return Ok(outcome);
        }
        let exchange = &exchanges[(options.first + at) % exchanges.len()];
        let start = Instant::now();
        let answer = connection
            .exchange(&exchange.request)
            .map_err(|error| format!("request {} of {}: {error}", at + 1, options.count))?;
        outcome.latencies.push(start.elapsed());
        if let Some(fault) = exchange.fault(&answer) {
            *outcome.wrong.entry(fault).or_default() += 1;
        }
    }
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    /// Bytes received and not yet consumed; empty between answers.
    buffer: Vec<u8>,
}

impl Connection {
    fn exchange(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.stream.write_all(request)?;
        loop {
            self.receive()?;
            if let Some((answer, length)) = Answer::parse(&self.buffer)? {
                if length != self.buffer.len() {
                    return Err(invalid("bytes after the answer"));
                }
                self.buffer.clear();
                return Ok(answer);
            }
        }
    }

    fn receive(&mut self) -> io::Result<()> {
        let mut chunk = [0; 16 * 1024];
        match self.stream.read(&mut chunk)? {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection")),
            length => {
                self.buffer.extend_from_slice(&chunk[..length]);
                Ok(())
            }
        }
    }
}

/// The parts of an answer that are looked at.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    location: Option<String>,
}

impl Answer {
    /// The answer at the start of `bytes` and its length in bytes; nothing while it is incomplete.
    fn parse(bytes: &[u8]) -> io::Result<Option<(Self, usize)>> {
        let Some(head_length) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Ok(None);
        };
        let head = std::str::from_utf8(&bytes[..head_length]).map_err(|_| invalid("header not UTF-8"))?;
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.strip_prefix("HTTP/1.1 "))
            .and_then(|line| line.get(..3)?.parse().ok())
            .ok_or_else(|| invalid("no status line"))?;
        let mut location = None;
        let mut body_length = Some(0);
        for line in lines {
            let (name, value) = line.split_once(": ").ok_or_else(|| invalid("malformed header"))?;
            if name.eq_ignore_ascii_case("location") {
                location = Some(value.to_owned());
            } else if name.eq_ignore_ascii_case("content-length") {
                body_length = Some(value.parse().map_err(|_| invalid("malformed Content-Length"))?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                body_length = None;
            }
        }
        let body = &bytes[head_length + 4..];
        let body_length = match body_length {
            Some(length) => (body.len() >= length).then_some(length),
            None => chunked_length(body)?,
        };
        Ok(body_length.map(|length| (Self { status, location }, head_length + 4 + length)))
    }
}

/// The length of a chunked body with its framing (RFC 9112 §7.1, no trailers); nothing while incomplete.
fn chunked_length(body: &[u8]) -> io::Result<Option<usize>> {
    let mut at = 0;
    loop {
        let rest = &body[at..];
        let Some(line_length) = rest.windows(2).position(|window| window == b"\r\n") else {
            return Ok(None);
        };
        let size = std::str::from_utf8(&rest[..line_length])
            .ok()
            .and_then(|line| usize::from_str_radix(line, 16).ok())
            .ok_or_else(|| invalid("malformed chunk size"))?;
        at += line_length + 2 + size + 2;
        if at > body.len() {
            return Ok(None);
        }
        if size == 0 {
            return Ok(Some(at));
        }
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

fn report(outcomes: Vec<Outcome>, elapsed: Duration) -> String {
    let mut latencies = Vec::new();
    let mut wrong = BTreeMap::<String, u64>::new();
    for outcome in outcomes {
        latencies.extend(outcome.latencies);
        for (fault, count) in outcome.wrong {
            *wrong.entry(fault).or_default() += count;
        }
    }
    latencies.sort_unstable();
    let percentile = |percent: usize| latencies[(latencies.len() - 1) * percent / 100].as_micros();
    let wrong: Vec<String> = wrong.iter().map(|(fault, count)| format!("\"{fault}\":{count}")).collect();
    format!(
        "{{\"requests\":{},\"seconds\":{:.6},\"p50_us\":{},\"p99_us\":{},\"wrong\":{{{}}}}}",
        latencies.len(),
        elapsed.as_secs_f64(),
        percentile(50),
        percentile(99),
        wrong.join(",")
    )
}

#[cfg(test)]
mod tests {
    use super::{Answer, Exchange, Options};

    fn parse(text: &str) -> Option<(u16, Option<String>, usize)> {
        Answer::parse(text.as_bytes())
            .unwrap()
            .map(|(answer, length)| (answer.status, answer.location, length))
    }

    #[test]
    fn an_answer_ends_where_its_length_says() {
        let head = "HTTP/1.1 303 See Other\r\nContent-Length: 2\r\nLocation: https://a/\r\n\r\n";
        assert_eq!(parse(&head[..20]), None);
        assert_eq!(parse(&format!("{head}a")), None);
        assert_eq!(parse(&format!("{head}ab")), Some((303, Some("https://a/".to_owned()), head.len() + 2)));
    }

    #[test]
    fn a_chunked_answer_ends_after_its_last_chunk() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        for partial in ["", "3", "3\r\nab", "3\r\nabc\r\n", "3\r\nabc\r\n0\r\n"] {
            assert_eq!(parse(&format!("{head}{partial}")), None, "{partial:?}");
        }
        let whole = format!("{head}3\r\nabc\r\n0\r\n\r\n");
        assert_eq!(parse(&whole), Some((200, None, whole.len())));
    }

    #[test]
    fn a_wrong_answer_is_seen() {
        let exchange = Exchange::parse("GET\t/l/x\t\t303\thttps://a/", &Options::default()).unwrap();
        let fault = |status, location: Option<&str>| {
            exchange.fault(&Answer { status, location: location.map(str::to_owned) })
        };
        assert_eq!(fault(303, Some("https://a/")), None);
        assert!(fault(303, Some("https://b/")).is_some());
        assert!(fault(303, None).is_some());
        assert!(fault(404, Some("https://a/")).is_some());
    }
}
